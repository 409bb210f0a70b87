#include <weir/pools/quota.hpp>

#include "support.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace weir;

TEST_CASE("a quota gives as many as its limit", "[pools][quota]") {
    const auto quota = Quota::make(2);
    CHECK(quota->try_take());
    CHECK(quota->has_room());
    CHECK(quota->try_take());
    CHECK_FALSE(quota->has_room());
    CHECK_FALSE(quota->try_take());
    CHECK(quota->in_use() == 2);
    quota->give_back();
    CHECK(quota->try_take());
    CHECK(quota->peak() == 2);
}

TEST_CASE("a quota of nothing gives nothing", "[pools][quota]") {
    const auto quota = Quota::make(0);
    CHECK_FALSE(quota->try_take());
    test::CountingWaiter waiter;
    CHECK_FALSE(quota->take_or_notify(waiter));
    quota->cancel_wait(waiter);
    CHECK(waiter.told() == 0);
}

TEST_CASE("who waits for a quota is told when one comes back, once and in turn", "[pools][quota]") {
    const auto quota = Quota::make(1);
    REQUIRE(quota->try_take());
    test::CountingWaiter first;
    test::CountingWaiter second;
    CHECK_FALSE(quota->take_or_notify(first));
    CHECK_FALSE(quota->take_or_notify(second));
    quota->give_back();
    CHECK(first.told() == 1);
    CHECK(second.told() == 0);
    REQUIRE(quota->take_or_notify(first));
    quota->give_back();
    CHECK(first.told() == 1);
    CHECK(second.told() == 1);
}

TEST_CASE("one who was told and walks away leaves the room to the next", "[pools][quota]") {
    const auto quota = Quota::make(1);
    REQUIRE(quota->try_take());
    test::CountingWaiter first;
    test::CountingWaiter second;
    REQUIRE_FALSE(quota->take_or_notify(first));
    REQUIRE_FALSE(quota->take_or_notify(second));
    quota->give_back();
    REQUIRE(first.told() == 1);
    quota->cancel_wait(first);
    CHECK(second.told() == 1);
}

TEST_CASE("who left the line of a quota is not told", "[pools][quota]") {
    const auto quota = Quota::make(1);
    REQUIRE(quota->try_take());
    test::CountingWaiter waiter;
    REQUIRE_FALSE(quota->take_or_notify(waiter));
    quota->cancel_wait(waiter);
    quota->give_back();
    CHECK(waiter.told() == 0);
}

TEST_CASE("standing in line twice is standing in line once", "[pools][quota]") {
    const auto quota = Quota::make(1);
    REQUIRE(quota->try_take());
    test::CountingWaiter waiter;
    REQUIRE_FALSE(quota->take_or_notify(waiter));
    REQUIRE_FALSE(quota->take_or_notify(waiter));
    quota->give_back();
    CHECK(waiter.told() == 1);
}

TEST_CASE("a higher limit tells as many as it has room for", "[pools][quota]") {
    const auto quota = Quota::make(0);
    std::array<test::CountingWaiter, 3> waiters;
    for (auto& waiter : waiters)
        REQUIRE_FALSE(quota->take_or_notify(waiter));
    quota->set_limit(2);
    CHECK(waiters[0].told() == 1);
    CHECK(waiters[1].told() == 1);
    CHECK(waiters[2].told() == 0);
    quota->cancel_wait(waiters[2]);
}

TEST_CASE("a lower limit takes nothing away and gives nothing until enough are back", "[pools][quota]") {
    const auto quota = Quota::make(3);
    for (int i = 0; i < 3; ++i)
        REQUIRE(quota->try_take());
    quota->set_limit(1);
    test::CountingWaiter waiter;
    CHECK(quota->in_use() == 3);
    CHECK_FALSE(quota->take_or_notify(waiter));
    quota->give_back();
    quota->give_back();
    CHECK(waiter.told() == 0);
    CHECK_FALSE(quota->try_take());
    quota->give_back();
    CHECK(waiter.told() == 1);
    CHECK(quota->try_take());
}

TEST_CASE("growing raises the limit for good and is counted", "[pools][quota]") {
    const auto quota = Quota::make(1);
    REQUIRE(quota->try_take());
    test::CountingWaiter waiter;
    REQUIRE_FALSE(quota->take_or_notify(waiter));
    quota->grow();
    CHECK(waiter.told() == 1);
    CHECK(quota->limit() == 2);
    CHECK(quota->overflows() == 1);
    CHECK(quota->try_take());
}

TEST_CASE("what is taken anyway goes over the limit and comes back first", "[pools][quota]") {
    const auto quota = Quota::make(1);
    REQUIRE(quota->try_take());
    quota->take_anyway();
    CHECK(quota->in_use() == 2);
    CHECK(quota->limit() == 1);
    CHECK(quota->peak() == 2);
    quota->give_back();
    CHECK_FALSE(quota->try_take());
    quota->give_back();
    CHECK(quota->try_take());
}

TEST_CASE("two threads hand a quota of one to and fro without losing a wake-up", "[pools][quota][stress]") {
    // Each thread sleeps until it is told: one lost wake-up and this does not end.
    constexpr int rounds = 100'000;
    const auto quota = Quota::make(1);
    std::atomic<int> inside{0};
    std::atomic<bool> crowded{false};
    test::on_threads(2, [&](unsigned) {
        test::SleepingWaiter waiter;
        for (int i = 0; i < rounds; ++i) {
            while (!quota->take_or_notify(waiter))
                waiter.sleep();
            if (inside.fetch_add(1) != 0)
                crowded = true;
            inside.fetch_sub(1);
            quota->give_back();
        }
        quota->cancel_wait(waiter);
    });
    CHECK_FALSE(crowded);
    CHECK(quota->in_use() == 0);
    CHECK(quota->peak() == 1);
}

TEST_CASE("threads that come, wait and walk away lose no wake-up and never exceed the limit", "[pools][quota][stress]") {
    const std::uint64_t seed = test::seed();
    INFO("WEIR_SEED=" << seed);
    constexpr std::size_t limit = 2;
    const auto quota = Quota::make(limit);
    test::on_threads(4, [&](unsigned index) {
        std::minstd_rand random(static_cast<unsigned>(seed + index));
        test::SleepingWaiter waiter;
        for (int i = 0; i < 20'000; ++i) {
            bool taken = quota->take_or_notify(waiter);
            if (!taken && random() % 4 == 0) {
                quota->cancel_wait(waiter); // may have been told: then another is
                continue;
            }
            while (!taken) {
                waiter.sleep();
                taken = quota->take_or_notify(waiter);
            }
            quota->give_back();
        }
        quota->cancel_wait(waiter);
    });
    CHECK(quota->in_use() == 0);
    CHECK(quota->peak() <= limit);
}
