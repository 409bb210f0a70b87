#include "support.hpp"

#include <catch2/catch.hpp>

using namespace weir;

namespace {

PoolConfig growing(GrowthStrategy growth, std::size_t initial, std::size_t maximum) {
    PoolConfig config = test::config(maximum, OverflowPolicy::drop);
    config.growth = growth;
    config.initial_capacity = initial;
    return config;
}

/// The capacities that a pool goes through while so many buffers are taken out of it.
template <class Pool> std::vector<std::size_t> capacities(Pool& pool, std::size_t count) {
    std::vector<std::size_t> seen{pool.stats().capacity};
    std::vector<PooledFrame> frames;
    for (std::size_t i = 0; i < count; ++i) {
        frames.push_back(pool.acquire());
        seen.push_back(pool.stats().capacity);
    }
    return seen;
}

using Capacities = std::vector<std::size_t>;

} // namespace

TEMPLATE_TEST_CASE("the initial buffers are made with the pool", "[pools][growth]", WEIR_FRAME_POOLS) {
    const TestType pool(test::small_picture, growing(GrowthStrategy::linear(1), 3, 8));
    CHECK(pool.stats().available == 3);
    CHECK(pool.stats().allocations == 3);
    CHECK(pool.stats().bytes == 3 * pool.layout().bytes);
    CHECK(pool.stats().peak_usage == 0);
}

TEMPLATE_TEST_CASE("a fixed pool never grows beyond its initial buffers", "[pools][growth]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, growing(GrowthStrategy::fixed(), 2, 8));
    CHECK(pool.stats().max_capacity == 2);
    CHECK(capacities(pool, 4) == Capacities{2, 2, 2, 2, 2});
    CHECK(pool.stats().drops == 2);
}

TEMPLATE_TEST_CASE("a linear pool grows by its step, up to the maximum", "[pools][growth]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, growing(GrowthStrategy::linear(3), 1, 6));
    CHECK(capacities(pool, 7) == Capacities{1, 1, 4, 4, 4, 6, 6, 6});
    CHECK(pool.stats().allocations == 6);
    CHECK(pool.stats().peak_usage == 6);
}

TEMPLATE_TEST_CASE("an exponential pool doubles, up to the maximum", "[pools][growth]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, growing(GrowthStrategy::exponential(), 0, 7));
    CHECK(capacities(pool, 8) == Capacities{0, 1, 2, 4, 4, 7, 7, 7, 7});
}

TEMPLATE_TEST_CASE("in the steady state a pool allocates nothing", "[pools][growth]", WEIR_ALL_POOLS) {
    auto pool = TestType::make(test::config(4));
    for (int i = 0; i < 100; ++i) {
        const auto first = TestType::acquire(pool);
        const auto second = TestType::acquire(pool);
    }
    CHECK(pool.stats().allocations == 2);
    CHECK(pool.stats().total_acquires == 200);
    CHECK(pool.stats().total_releases == 200);
}

TEMPLATE_TEST_CASE("prewarming makes buffers up to the count, not beyond the maximum", "[pools][growth]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(4));
    pool.prewarm(3);
    CHECK(pool.stats().available == 3);
    pool.prewarm(2);
    CHECK(pool.stats().available == 3);
    pool.prewarm(10);
    CHECK(pool.stats().available == 4);
    CHECK(pool.stats().allocations == 4);
}

TEMPLATE_TEST_CASE("trimming frees idle buffers and no others", "[pools][growth]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(8));
    pool.prewarm(5);
    const PooledFrame frame = pool.acquire();
    pool.trim(2);
    CHECK(pool.stats().available == 2);
    CHECK(pool.stats().in_use == 1);
    pool.trim();
    CHECK(pool.stats().capacity == 1);
    CHECK(pool.stats().bytes == pool.layout().bytes);
    const PooledFrame another = pool.acquire();
    CHECK(pool.stats().allocations == 6);
}

TEMPLATE_TEST_CASE("demand that falls leaves idle buffers and lets no new ones be made", "[pools][growth]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(0));
    pool.add_demand(4);
    pool.prewarm(4);
    pool.add_demand(-4);
    CHECK(pool.stats().max_capacity == 0);
    CHECK(pool.stats().available == 4);
    CHECK(pool.try_acquire());
    pool.trim();
    CHECK_FALSE(pool.try_acquire());
    pool.add_demand(-1);
    CHECK(pool.stats().max_capacity == 0);
}

TEST_CASE("a configuration that contradicts itself is refused", "[pools][growth]") {
    CHECK_THROWS_AS(SharedFramePool(test::small_picture, growing(GrowthStrategy::linear(1), 5, 4)), std::invalid_argument);
    CHECK_THROWS_AS(SharedFramePool(test::small_picture, growing(GrowthStrategy::linear(0), 0, 4)), std::invalid_argument);
    CHECK_THROWS_AS(SharedFramePool({0, 0, PixelFormat::yuv420p}), FormatError);
    CHECK_THROWS_AS(SharedSamplePool(test::stereo, 0), FormatError);
}

TEST_CASE("a pool by itself takes its memory from the allocator it is given", "[pools]") {
    test::CountingAllocator allocator;
    PoolConfig config = test::config(2);
    config.allocator = &allocator;
    {
        SharedFramePool pool(test::small_picture, config);
        const PooledFrame frame = pool.acquire();
        CHECK(allocator.live() == 1);
        CHECK(allocator.bytes() == pool.layout().bytes);
    }
    CHECK(allocator.live() == 0);
}
