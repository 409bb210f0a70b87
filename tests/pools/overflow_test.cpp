#include "support.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <stop_token>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;

TEMPLATE_TEST_CASE("a pool that spills goes over its maximum and frees the excess on return", "[pools][overflow]",
                   WEIR_ALL_POOLS) {
    auto pool = TestType::make(test::config(1, OverflowPolicy::spill));
    auto first = TestType::acquire(pool);
    auto second = TestType::acquire(pool);
    REQUIRE(second);
    CHECK(pool.stats().capacity == 2);
    CHECK(pool.stats().overflows == 1);
    CHECK(pool.stats().peak_usage == 2);
    second.reset();
    CHECK(pool.stats().capacity == 1);
    first.reset();
    CHECK(pool.stats().capacity == 1);
    CHECK(pool.stats().available == 1);
    CHECK(test::adds_up(pool.stats()));
}

TEMPLATE_TEST_CASE("a pool that fails at its maximum says what it has and who holds it", "[pools][overflow]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1, OverflowPolicy::fail));
    const Holder holder("compose");
    const PooledFrame frame = pool.acquire({.quota = {}, .holder = holder.id(), .now = 0});
    CHECK_THROWS_WITH(pool.acquire(), Catch::Contains("64x48 yuv420p") && Catch::Contains("1 of 1 out: compose 1"));
    CHECK(pool.stats().capacity == 1);
    CHECK(pool.stats().total_acquires == 1);
}

TEMPLATE_TEST_CASE("a pool that drops gives an empty handle and counts it", "[pools][overflow]", WEIR_ALL_POOLS) {
    auto pool = TestType::make(test::config(1, OverflowPolicy::drop));
    const auto frame = TestType::acquire(pool);
    CHECK_FALSE(TestType::acquire(pool));
    CHECK_FALSE(TestType::acquire(pool));
    CHECK(pool.stats().drops == 2);
    CHECK(pool.stats().capacity == 1);
}

TEMPLATE_TEST_CASE("a pool that waits gives up after its time, and throws", "[pools][overflow][wait]", WEIR_ALL_POOLS) {
    PoolConfig config = test::config(1, OverflowPolicy::wait);
    config.wait_timeout = 1ms;
    auto pool = TestType::make(config);
    const auto frame = TestType::acquire(pool);
    CHECK_THROWS_AS(TestType::acquire(pool), PoolExhausted);
    CHECK(pool.stats().waits == 1);
    CHECK(pool.stats().wait_time >= 1ms);
}

TEMPLATE_TEST_CASE("trying gives nothing at the maximum, whatever the policy", "[pools][overflow]", WEIR_FRAME_POOLS) {
    for (const auto policy : {OverflowPolicy::spill, OverflowPolicy::wait, OverflowPolicy::fail, OverflowPolicy::drop}) {
        TestType pool(test::small_picture, test::config(1, policy));
        const PooledFrame frame = pool.try_acquire();
        CHECK(frame);
        CHECK_FALSE(pool.try_acquire());
        CHECK_FALSE(pool.acquire_for(0ns));
        CHECK(pool.stats().drops == 0);
        CHECK(pool.stats().overflows == 0);
    }
}

TEMPLATE_TEST_CASE("codecs may spill, whatever the policy", "[pools][overflow]", WEIR_FRAME_POOLS) {
    for (const auto policy : {OverflowPolicy::spill, OverflowPolicy::wait, OverflowPolicy::fail, OverflowPolicy::drop}) {
        TestType pool(test::small_picture, test::config(1, policy));
        const PooledFrame first = pool.acquire_or_spill();
        const PooledFrame second = pool.acquire_or_spill();
        CHECK(first);
        CHECK(second);
        CHECK(pool.stats().overflows == 1);
    }
}

TEMPLATE_TEST_CASE("an overflow is warned about once a second, with the holders", "[pools][overflow]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1, OverflowPolicy::spill));
    std::vector<std::string> warnings;
    pool.on_warning([&](const std::string& text) { warnings.push_back(text); });
    const Holder holder("encode[hd]");
    const Acquirer by{.quota = {}, .holder = holder.id(), .now = 0};
    const PooledFrame first = pool.acquire(by);
    CHECK(warnings.empty());
    const PooledFrame second = pool.acquire(by);
    const PooledFrame third = pool.acquire(by);
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings[0], Catch::Contains("64x48 yuv420p") && Catch::Contains("2 of 1 out: encode[hd] 2"));
    CHECK(pool.stats().overflows == 2);
}

TEST_CASE("a second later an overflow is warned about again", "[pools][overflow]") {
    SharedFramePool pool(test::small_picture, test::config(0, OverflowPolicy::spill));
    std::vector<std::string> warnings;
    pool.on_warning([&](const std::string& text) { warnings.push_back(text); });
    const PooledFrame first = pool.acquire();
    std::this_thread::sleep_for(1100ms);
    const PooledFrame second = pool.acquire();
    REQUIRE(warnings.size() == 2);
    CHECK_THAT(warnings[1], Catch::Contains("2 times so far"));
}

TEMPLATE_TEST_CASE("a warning that throws costs no frame", "[pools][overflow]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(0, OverflowPolicy::spill));
    pool.on_warning([](const std::string&) { throw std::runtime_error("no log"); });
    CHECK(pool.acquire());
    CHECK(pool.stats().in_use == 0);
    CHECK(pool.stats().total_acquires == 1);
}

TEMPLATE_TEST_CASE("who waits gets the next buffer that comes back", "[pools][overflow][wait]", WEIR_ALL_POOLS) {
    auto pool = TestType::make(test::config(1, OverflowPolicy::wait));
    auto frame = TestType::acquire(pool);
    bool got = false;
    std::jthread thread([&] { got = static_cast<bool>(TestType::acquire(pool)); });
    test::until([&] { return pool.stats().waits == 1; });
    frame.reset();
    thread.join();
    CHECK(got);
    CHECK(pool.stats().capacity == 1);
    CHECK(pool.stats().in_use == 0);
    CHECK(test::adds_up(pool.stats()));
}

TEMPLATE_TEST_CASE("those who wait are served in the order in which they came", "[pools][overflow][wait]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1, OverflowPolicy::wait));
    PooledFrame frame = pool.acquire();
    std::vector<unsigned> order;
    std::mutex mutex;
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            const PooledFrame mine = pool.acquire();
            const std::lock_guard lock(mutex);
            order.push_back(i);
        });
        test::until([&] { return pool.stats().waits == i + 1; });
    }
    frame.reset();
    threads.clear();
    CHECK(order == std::vector<unsigned>{0, 1, 2, 3});
}

TEMPLATE_TEST_CASE("a stop token ends the wait with an empty handle", "[pools][overflow][wait]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1));
    const PooledFrame frame = pool.acquire();
    bool got = true;
    std::stop_source stop;
    std::jthread thread([&] { got = static_cast<bool>(pool.acquire_for(1h, {}, stop.get_token())); });
    test::until([&] { return pool.stats().waits == 1; });
    stop.request_stop();
    thread.join();
    CHECK_FALSE(got);
    CHECK_FALSE(pool.acquire_for(1h, {}, stop.get_token())); // already stopped
    CHECK(pool.stats().in_use == 1);
}

TEMPLATE_TEST_CASE("one who stops waiting leaves the buffer to the next", "[pools][overflow][wait]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1));
    PooledFrame frame = pool.acquire();
    std::stop_source stop;
    std::jthread impatient([&] { static_cast<void>(pool.acquire_for(1h, {}, stop.get_token())); });
    test::until([&] { return pool.stats().waits == 1; });
    bool got = false;
    std::jthread patient([&] { got = static_cast<bool>(pool.acquire_for(1h)); });
    test::until([&] { return pool.stats().waits == 2; });
    stop.request_stop();
    impatient.join();
    frame.reset();
    patient.join();
    CHECK(got);
}

TEMPLATE_TEST_CASE("more demand ends the wait of those for whom there is room now", "[pools][overflow][wait]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(0));
    std::atomic<int> got{0};
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < 3; ++i)
        threads.emplace_back([&] {
            const PooledFrame frame = pool.acquire_for(1h);
            if (frame)
                ++got;
        });
    test::until([&] { return pool.stats().waits == 3; });
    pool.add_demand(2);
    threads.clear();
    CHECK(got == 3);
    CHECK(pool.stats().peak_usage <= 2);
    CHECK(pool.stats().max_capacity == 2);
}

TEMPLATE_TEST_CASE("a waiter in line is told when a buffer comes back and then finds it", "[pools][overflow][wait]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1, OverflowPolicy::fail));
    PooledFrame frame = pool.acquire();
    test::CountingWaiter waiter;
    CHECK_FALSE(pool.acquire_or_notify(waiter));
    CHECK(pool.stats().waits == 1);
    frame.reset();
    CHECK(waiter.told() == 1);
    CHECK(pool.acquire_or_notify(waiter));
    CHECK(waiter.told() == 1);
    pool.cancel_wait(waiter);
}

TEMPLATE_TEST_CASE("waiters are told one for each buffer, first come first served", "[pools][overflow][wait]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(2));
    PooledFrame one = pool.acquire();
    PooledFrame two = pool.acquire();
    test::CountingWaiter first;
    test::CountingWaiter second;
    REQUIRE_FALSE(pool.acquire_or_notify(first));
    REQUIRE_FALSE(pool.acquire_or_notify(second));
    one.reset();
    CHECK(first.told() == 1);
    CHECK(second.told() == 0);
    two.reset();
    CHECK(second.told() == 1);
}

TEMPLATE_TEST_CASE("a waiter that was told and walks away passes it on", "[pools][overflow][wait]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1));
    PooledFrame frame = pool.acquire();
    test::CountingWaiter first;
    test::CountingWaiter second;
    REQUIRE_FALSE(pool.acquire_or_notify(first));
    REQUIRE_FALSE(pool.acquire_or_notify(second));
    frame.reset();
    pool.cancel_wait(first);
    CHECK(second.told() == 1);
}

TEMPLATE_TEST_CASE("a waiter that left the line is not told", "[pools][overflow][wait]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1));
    PooledFrame frame = pool.acquire();
    test::CountingWaiter waiter;
    REQUIRE_FALSE(pool.acquire_or_notify(waiter));
    pool.cancel_wait(waiter);
    frame.reset();
    CHECK(waiter.told() == 0);
}

TEMPLATE_TEST_CASE("a waiter is told when room comes from demand or from the end of an overflow", "[pools][overflow][wait]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(0));
    test::CountingWaiter waiter;
    SECTION("demand") {
        REQUIRE_FALSE(pool.acquire_or_notify(waiter));
        pool.add_demand(1);
    }
    SECTION("an overflow that ends while the maximum has room again") {
        PooledFrame spilled = pool.acquire_or_spill();
        REQUIRE_FALSE(pool.acquire_or_notify(waiter));
        pool.add_demand(1); // the one that is out fills it
        if (waiter.told() == 1)
            REQUIRE_FALSE(pool.acquire_or_notify(waiter));
        spilled.reset();
    }
    CHECK(waiter.told() >= 1);
    CHECK(pool.acquire_or_notify(waiter));
    pool.cancel_wait(waiter);
}

TEST_CASE("who waits by policy is stopped by its token and gets nothing", "[pools][overflow][wait]") {
    SharedFramePool pool(test::small_picture, test::config(1, OverflowPolicy::wait));
    const PooledFrame only = pool.acquire();
    std::stop_source source;
    std::jthread stops([&] {
        test::until([&] { return pool.stats().waits == 1; });
        source.request_stop();
    });
    CHECK_FALSE(pool.acquire({}, source.get_token()));
    CHECK(test::adds_up(pool.stats()));
}
