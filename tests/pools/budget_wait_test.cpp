// Waiting for memory when the registry's bytes are used up.
#include <weir/pools/pool_registry.hpp>

#include "support.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <stop_token>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// Of the same size.
const VideoFormat one_format{64, 48, PixelFormat::nv12};
const VideoFormat other_format{64, 48, PixelFormat::nv21};

/// A registry with room for one buffer of either format, or more.
struct Full {
    explicit Full(Locking locking, std::size_t buffers = 1) : registry(config(locking, buffers)) {
        pool.add_demand(static_cast<std::ptrdiff_t>(buffers));
        other.add_demand(static_cast<std::ptrdiff_t>(buffers));
    }
    static RegistryConfig config(Locking locking, std::size_t buffers) {
        RegistryConfig config;
        config.max_bytes = buffers * frame_layout(one_format).bytes;
        config.locking = locking;
        return config;
    }
    PoolRegistry registry;
    BasicFramePool pool = registry.frames(one_format);
    BasicFramePool other = registry.frames(other_format);
};

} // namespace

TEST_CASE("at the budget a blocking acquire waits for a buffer of another layout to come back", "[pools][budget][wait]") {
    const Locking locking = GENERATE(Locking::mutex, Locking::lock_free);
    Full full(locking);
    REQUIRE(full.other.layout().bytes == full.pool.layout().bytes);
    PooledFrame held = full.other.acquire();
    std::thread returns([&] {
        test::until([&] { return full.pool.stats().waits == 1; });
        held.reset();
    });
    const PooledFrame frame = full.pool.acquire_for(60s);
    returns.join();
    CHECK(frame);
    CHECK(full.other.stats().available == 0);
    CHECK(full.registry.bytes() == full.registry.max_bytes());
    CHECK(full.pool.stats().wait_time > 0ns);
}

TEST_CASE("the same for one beyond the maximum, which is freed when it comes back", "[pools][budget][wait]") {
    Full full(GENERATE(Locking::mutex, Locking::lock_free));
    full.other.add_demand(-1);
    PooledFrame held = full.other.acquire_or_spill();
    REQUIRE(full.other.stats().overflows == 1);
    std::thread returns([&] {
        test::until([&] { return full.pool.stats().waits == 1; });
        held.reset();
    });
    CHECK(full.pool.acquire_for(60s));
    returns.join();
}

TEST_CASE("who waits for the budget takes a buffer of its own pool that comes back", "[pools][budget][wait]") {
    Full full(GENERATE(Locking::mutex, Locking::lock_free));
    full.pool.add_demand(1);
    PooledFrame held = full.pool.acquire();
    std::thread returns([&] {
        test::until([&] { return full.pool.stats().waits == 1; });
        held.reset();
    });
    CHECK(full.pool.acquire_for(60s));
    returns.join();
    CHECK(full.pool.stats().allocations == 1);
}

TEST_CASE("who asks at the budget does not have its own pool's buffer freed for a new one", "[pools][budget]") {
    // What comes back to the pool while it asks the others for memory, which they have too little of.
    class ReturnsAsItFrees final : public BufferAllocator {
    public:
        std::byte* allocate(std::size_t bytes, std::size_t alignment) override {
            return host_allocator().allocate(bytes, alignment);
        }
        void deallocate(std::byte* memory, std::size_t bytes, std::size_t alignment) noexcept override {
            host_allocator().deallocate(memory, bytes, alignment);
            const PooledFrame back = std::move(returns);
        }
        PooledFrame returns;
    } allocator;
    const VideoFormat small_format{64, 24, PixelFormat::nv21};
    RegistryConfig config;
    config.allocator = &allocator;
    config.locking = GENERATE(Locking::mutex, Locking::lock_free);
    config.max_bytes = frame_layout(one_format).bytes + frame_layout(small_format).bytes;
    PoolRegistry registry(config);
    BasicFramePool pool = registry.frames(one_format);
    BasicFramePool small = registry.frames(small_format);
    const bool spills = GENERATE(false, true);
    pool.add_demand(spills ? 1 : 2);
    small.add_demand(1);
    small.acquire().reset();
    allocator.returns = pool.acquire();
    CHECK((spills ? pool.acquire_or_spill() : pool.acquire()));
    CHECK(small.stats().capacity == 0);
    CHECK(pool.stats().allocations == 1);
    CHECK(test::adds_up(pool.stats()));
}

TEST_CASE("waiting for the budget ends with BudgetExhausted, or empty-handed when it is stopped", "[pools][budget][wait]") {
    Full full(GENERATE(Locking::mutex, Locking::lock_free));
    const PooledFrame held = full.other.acquire();
    CHECK_THROWS_AS(full.pool.acquire_for(0s), BudgetExhausted);
    const auto begin = std::chrono::steady_clock::now();
    CHECK_THROWS_WITH(full.pool.acquire_for(30ms), Catch::Contains("largest holders"));
    CHECK(std::chrono::steady_clock::now() - begin >= 30ms);
    std::stop_source source;
    std::thread stops([&] {
        test::until([&] { return full.pool.stats().waits == 3; });
        source.request_stop();
    });
    CHECK_FALSE(full.pool.acquire_for(60s, {}, source.get_token()));
    stops.join();
    CHECK(test::adds_up(full.pool.stats()));
    CHECK(full.pool.stats().capacity == 0);
}

TEST_CASE("what is larger than the whole budget is refused at once", "[pools][budget][wait]") {
    Full full(GENERATE(Locking::mutex, Locking::lock_free));
    BasicFramePool large = full.registry.frames({128, 128, PixelFormat::yuv444p});
    large.add_demand(1);
    test::CountingWaiter waiter;
    CHECK_THROWS_AS(large.acquire_for(60s), BudgetExhausted);
    CHECK_THROWS_AS(large.acquire_or_notify(waiter), BudgetExhausted);
    CHECK_THROWS_AS(large.acquire_or_spill({}, &waiter), BudgetExhausted);
    CHECK(waiter.told() == 0);
}

TEST_CASE("a waiter at the budget is told when there may be memory", "[pools][budget][wait]") {
    Full full(GENERATE(Locking::mutex, Locking::lock_free));
    const bool spills = GENERATE(false, true);
    test::CountingWaiter waiter;
    const auto ask = [&] { return spills ? full.pool.acquire_or_spill({}, &waiter) : full.pool.acquire_or_notify(waiter); };
    PooledFrame held = full.other.acquire();
    CHECK_FALSE(ask());
    CHECK(waiter.told() == 0);
    held.reset();
    CHECK(waiter.told() == 1);
    PooledFrame frame = ask();
    CHECK(frame);
    CHECK_FALSE(waiter.linked());
    frame.reset();
    CHECK(waiter.told() == 1);
}

TEST_CASE("a waiter at the budget is told of pools that were made after it got in line", "[pools][budget][wait]") {
    Full full(GENERATE(Locking::mutex, Locking::lock_free), 2);
    test::CountingWaiter waiter;
    PooledFrame one = full.other.acquire();
    PooledFrame two = full.other.acquire();
    REQUIRE_FALSE(full.pool.acquire_or_notify(waiter));
    one.reset(); // told, and does not ask again
    CHECK(waiter.told() == 1);
    BasicFramePool later = full.registry.frames({64, 48, PixelFormat::nv12}, {.padding = 32});
    later.add_demand(1);
    PooledFrame third = later.acquire(); // takes the place of the first
    REQUIRE_FALSE(full.pool.acquire_or_notify(waiter));
    third.reset();
    CHECK(waiter.told() == 2);
    full.pool.cancel_wait(waiter);
}

TEST_CASE("who leaves the budget's line passes on what it was told of", "[pools][budget][wait]") {
    Full full(GENERATE(Locking::mutex, Locking::lock_free));
    test::CountingWaiter first;
    test::CountingWaiter second;
    PooledFrame held = full.other.acquire();
    REQUIRE_FALSE(full.pool.acquire_or_notify(first));
    REQUIRE_FALSE(full.pool.acquire_or_notify(second));
    held.reset();
    CHECK(first.told() == 1);
    CHECK(second.told() == 0);
    full.pool.cancel_wait(first);
    CHECK(second.told() == 1);
    CHECK(full.pool.acquire_or_notify(second));
}

TEST_CASE("who has what it waited for leaves the rest to the next in line", "[pools][budget][wait]") {
    Full full(GENERATE(Locking::mutex, Locking::lock_free), 2);
    BasicFramePool large = full.registry.frames({64, 48, PixelFormat::yuv444p}); // as much as both
    REQUIRE(large.layout().bytes > full.pool.layout().bytes);
    REQUIRE(large.layout().bytes <= full.registry.max_bytes());
    PooledFrame held = large.acquire_or_spill();
    test::CountingWaiter first;
    test::CountingWaiter second;
    REQUIRE_FALSE(full.pool.acquire_or_notify(first));
    REQUIRE_FALSE(full.pool.acquire_or_notify(second));
    held.reset(); // room for both
    const PooledFrame one = full.pool.acquire_or_notify(first);
    CHECK(one);
    CHECK(second.told() == 1);
    CHECK(full.pool.acquire_or_notify(second));
}

TEST_CASE("threads that wait for the budget all get what they want", "[pools][budget][wait][stress]") {
    Full full(GENERATE(Locking::mutex, Locking::lock_free), 2);
    full.pool.add_demand(4);
    full.other.add_demand(4);
    std::atomic<int> got{0};
    test::on_threads(4, [&](unsigned index) {
        BasicFramePool& pool = index % 2 ? full.pool : full.other;
        for (int i = 0; i < 500; ++i)
            if (const PooledFrame frame = pool.acquire_for(60s))
                ++got;
    });
    CHECK(got == 2000);
    CHECK(full.registry.peak_bytes() <= full.registry.max_bytes());
    CHECK(full.pool.stats().in_use == 0);
    CHECK(full.other.stats().in_use == 0);
}

TEST_CASE("threads and waiters at one budget do not miss each other", "[pools][budget][wait][stress]") {
    Full full(GENERATE(Locking::mutex, Locking::lock_free), 2);
    full.pool.add_demand(4);
    full.other.add_demand(4);
    std::atomic<int> got{0};
    test::on_threads(4, [&](unsigned index) {
        BasicFramePool& pool = index % 2 ? full.pool : full.other;
        test::SleepingWaiter waiter;
        for (int i = 0; i < 500; ++i) {
            PooledFrame frame = index < 2 ? pool.acquire_for(60s) : pool.acquire_or_notify(waiter);
            for (; !frame; frame = pool.acquire_or_notify(waiter))
                waiter.sleep();
            ++got;
            if (index >= 2)
                pool.cancel_wait(waiter);
        }
    });
    CHECK(got == 2000);
}
