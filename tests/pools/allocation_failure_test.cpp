// The k-th allocation fails, for every k.
#include <weir/pools/pool_registry.hpp>

#include "support.hpp"

#include <catch2/catch.hpp>

using namespace weir;

namespace {

/// A day in the life of a registry; what it cannot get it does without.
void scenario(PoolRegistry& registry, bool& whole) {
    const auto quota = Quota::make(8);
    auto pool = registry.frames(test::small_picture);
    pool.add_demand(2);
    std::vector<PooledFrame> frames;
    const auto attempt = [&](auto&& take) {
        const bool counted = quota->try_take();
        try {
            frames.push_back(take(Acquirer{.quota = counted ? quota : nullptr, .holder = {}, .now = 0}));
        } catch (const std::bad_alloc&) {
            whole = false;
            if (counted)
                quota->give_back();
        }
    };
    for (int i = 0; i < 3; ++i)
        attempt([&](const Acquirer& by) { return pool.acquire(by); });
    test::CountingWaiter waiter;
    attempt([&](const Acquirer& by) { return pool.acquire_or_spill(by); });
    frames.clear();
    CHECK(quota->in_use() == 0);
    attempt([&](const Acquirer& by) { return pool.acquire_or_notify(waiter, by); });
    pool.cancel_wait(waiter);
    frames.clear();
    try {
        registry.prewarm(test::other_picture, 3);
    } catch (const std::bad_alloc&) {
        whole = false;
    }
    CHECK(test::adds_up(pool.stats()));
    CHECK(pool.stats().in_use == 0);
}

} // namespace

TEST_CASE("whichever allocation of a buffer fails, nothing is lost and the pool works on", "[pools][failure]") {
    for (const Locking locking : {Locking::mutex, Locking::lock_free})
        for (std::size_t k = 1;; ++k) {
            CAPTURE(k);
            test::CountingAllocator allocator;
            bool whole = true;
            {
                RegistryConfig config;
                config.allocator = &allocator;
                config.locking = locking;
                PoolRegistry registry(std::move(config));
                allocator.fail(k, 1);
                scenario(registry, whole);
                CHECK(registry.bytes() == allocator.bytes());
                auto pool = registry.frames(test::small_picture);
                CHECK(pool.acquire());
            }
            CHECK(allocator.live() == 0);
            if (whole)
                break;
            REQUIRE(k < 100);
        }
}

TEST_CASE("when every allocation fails from some time on, buffers that exist still go round", "[pools][failure]") {
    for (const Locking locking : {Locking::mutex, Locking::lock_free}) {
        test::CountingAllocator allocator;
        RegistryConfig config;
        config.allocator = &allocator;
        config.locking = locking;
        PoolRegistry registry(std::move(config));
        auto pool = registry.frames(test::small_picture);
        pool.add_demand(8);
        PooledFrame frame = pool.acquire();
        allocator.fail(1);
        CHECK_THROWS_AS(pool.acquire(), std::bad_alloc);
        CHECK(pool.stats().capacity == 1);
        CHECK(pool.stats().total_acquires == 1);
        frame.reset();
        CHECK(pool.acquire());
    }
}

TEST_CASE("an allocation that fails passes its room on to who waits", "[pools][failure][wait]") {
    test::CountingAllocator allocator;
    RegistryConfig config;
    config.allocator = &allocator;
    PoolRegistry registry(std::move(config));
    auto pool = registry.frames(test::small_picture);
    test::CountingWaiter first;
    test::CountingWaiter second;
    REQUIRE_FALSE(pool.acquire_or_notify(first));
    REQUIRE_FALSE(pool.acquire_or_notify(second));
    pool.add_demand(1);
    REQUIRE(first.told() == 1);
    REQUIRE(second.told() == 0);
    allocator.fail(1, 1);
    CHECK_THROWS_AS(pool.acquire_or_notify(first), std::bad_alloc);
    CHECK(second.told() == 1);
    CHECK(pool.acquire_or_notify(second));
}
