#include <weir/pools/pool_registry.hpp>

#include "../../pools/src/memory_limit.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

using namespace weir;

namespace {

struct Fixture {
    std::size_t each = frame_layout(test::small_picture).bytes;
    std::size_t other = frame_layout(test::other_picture).bytes;
    test::CountingAllocator allocator;

    RegistryConfig config(std::size_t max_bytes) {
        RegistryConfig config;
        config.max_bytes = max_bytes;
        config.allocator = &allocator;
        return config;
    }
};

} // namespace

TEST_CASE("the byte budget holds for all pools together, overflow included", "[pools][budget]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config(2 * fixture.each + fixture.other));
    auto pool = registry.frames(test::small_picture);
    auto other = registry.frames(test::other_picture);
    const PooledFrame first = pool.acquire(); // each is beyond the maximum of 0
    const PooledFrame second = pool.acquire();
    const PooledFrame third = other.acquire();
    CHECK(registry.bytes() == registry.max_bytes());
    CHECK(registry.bytes() == fixture.allocator.bytes());
    CHECK_THROWS_AS(pool.acquire(), BudgetExhausted);
    CHECK_THROWS_AS(other.acquire_or_spill(), BudgetExhausted);
    CHECK(registry.peak_bytes() == registry.max_bytes());
    CHECK(pool.stats().in_use == 2);
    CHECK(test::adds_up(pool.stats()));
}

TEST_CASE("an exhausted budget names itself, what was asked for and who holds most", "[pools][budget]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config(2 * fixture.each));
    auto pool = registry.frames(test::small_picture);
    const Holder encode("encode");
    const PooledFrame first = pool.acquire({.quota = {}, .holder = encode.id(), .now = 0});
    const PooledFrame second = pool.acquire({.quota = {}, .holder = encode.id(), .now = 0});
    CHECK_THROWS_WITH(pool.acquire(), Catch::Contains("budget of 18.1 KiB") &&
                                          Catch::Contains("64x48 yuv420p asked for 9.1 KiB") &&
                                          Catch::Contains("largest holders: encode 18.1 KiB"));
}

TEST_CASE("idle buffers of other layouts make room, the coldest first", "[pools][budget]") {
    Fixture fixture;
    const VideoFormat third_picture{64, 48, PixelFormat::yuv422p};
    PoolRegistry registry(fixture.config(2 * fixture.each + fixture.other));
    registry.prewarm(test::small_picture, 2);
    registry.prewarm(test::other_picture, 1);
    auto cold = registry.frames(test::small_picture);
    auto warm = registry.frames(test::other_picture);
    REQUIRE(cold.stats().available == 2);
    REQUIRE(warm.stats().available == 1);
    auto pool = registry.frames(third_picture);
    const PooledFrame frame = pool.acquire();
    CHECK(frame);
    CHECK(cold.stats().available == 0);
    CHECK(warm.stats().available == 1);
    CHECK(registry.bytes() <= registry.max_bytes());
}

TEST_CASE("idle buffers that are not enough are freed before the budget is said to be exhausted", "[pools][budget]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config(fixture.each));
    registry.prewarm(test::other_picture, 1);
    auto pool = registry.frames({64, 96, PixelFormat::yuv420p});
    CHECK_THROWS_AS(pool.acquire(), BudgetExhausted);
    CHECK(registry.bytes() == 0);
    CHECK(registry.frames(test::small_picture).acquire());
}

TEST_CASE("prewarming stops at the budget and evicts nobody", "[pools][budget]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config(fixture.each + 3 * fixture.other));
    registry.prewarm(test::small_picture, 1);
    registry.prewarm(test::other_picture, 100);
    CHECK(registry.frames(test::small_picture).stats().available == 1);
    CHECK(registry.frames(test::other_picture).stats().available == 3);
}

TEST_CASE("who is refused by the budget keeps its quota and may try again", "[pools][budget][quota]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config(fixture.each));
    auto pool = registry.frames(test::small_picture);
    pool.add_demand(2);
    const auto quota = Quota::make(2);
    REQUIRE(quota->try_take());
    REQUIRE(quota->try_take());
    const Acquirer by{.quota = quota, .holder = {}, .now = 0};
    PooledFrame frame = pool.acquire(by);
    CHECK_THROWS_AS(pool.acquire(by), BudgetExhausted);
    CHECK(quota->in_use() == 2);
    frame.reset();
    CHECK(quota->in_use() == 1);
    CHECK(pool.acquire(by));
    CHECK(quota->in_use() == 0);
}

TEST_CASE("without a limit of its own a registry takes half of the memory there is", "[pools][budget]") {
    const PoolRegistry registry;
    CHECK(registry.max_bytes() == detail::usable_memory() / 2);
    CHECK(registry.bytes() == 0);
}

TEST_CASE("threads at the budget never exceed it and get on when there is room", "[pools][budget][stress]") {
    for (const Locking locking : {Locking::mutex, Locking::lock_free}) {
        Fixture fixture;
        RegistryConfig config = fixture.config(3 * fixture.each);
        config.locking = locking;
        PoolRegistry registry(std::move(config));
        std::atomic<int> got{0};
        std::atomic<int> refused{0};
        test::on_threads(4, [&](unsigned index) {
            auto pool = registry.frames(index % 2 ? test::small_picture : VideoFormat{48, 64, PixelFormat::yuv420p});
            pool.add_demand(2);
            for (int i = 0; i < 300; ++i)
                try {
                    const PooledFrame one = pool.acquire();
                    ++got;
                } catch (const BudgetExhausted&) {
                    ++refused;
                }
        });
        CHECK(got + refused == 1200);
        CHECK(got > 0);
        CHECK(registry.peak_bytes() <= registry.max_bytes());
        CHECK(registry.bytes() == fixture.allocator.bytes());
    }
}
