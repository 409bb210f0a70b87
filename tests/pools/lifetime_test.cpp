#include <weir/pools/pool_registry.hpp>

#include "support.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <optional>

using namespace weir;

namespace {

RegistryConfig registry_config(test::CountingAllocator& allocator, Locking locking) {
    RegistryConfig config;
    config.allocator = &allocator;
    config.locking = locking;
    return config;
}

void write_all(PooledFrame& frame) {
    for (std::uint32_t i = 0; i < frame.planes(); ++i) {
        const Plane plane = frame.writable_plane(i);
        for (std::uint32_t y = 0; y < plane.rows; ++y)
            std::memset(plane.row(y), 0x5a, plane.row_bytes);
    }
}

} // namespace

TEMPLATE_TEST_CASE("a frame outlives its pool", "[pools][lifetime]", WEIR_FRAME_POOLS) {
    std::optional<TestType> pool(std::in_place, test::small_picture);
    PooledFrame frame = pool->acquire();
    static_cast<void>(pool->acquire()); // and leaves an idle one behind
    pool.reset();
    write_all(frame);
    PooledFrame copy = frame;
    frame.reset();
    CHECK(copy.format() == test::small_picture);
    CHECK(copy.plane(0).row(47)[63] == std::byte{0x5a});
}

TEMPLATE_TEST_CASE("sound outlives its pool", "[pools][lifetime]", SharedSamplePool, LockFreeSamplePool) {
    std::optional<TestType> pool(std::in_place, test::stereo, 1024);
    PooledSamples samples = pool->acquire(test::stereo, 1000);
    pool.reset();
    std::memset(samples.writable_plane(1), 1, samples.plane_bytes());
    CHECK(samples.plane(1)[3999] == std::byte{1});
}

TEST_CASE("a frame outlives its registry, and its memory is freed with it", "[pools][lifetime]") {
    for (const Locking locking : {Locking::mutex, Locking::lock_free}) {
        test::CountingAllocator allocator;
        PooledFrame frame;
        {
            PoolRegistry registry(registry_config(allocator, locking));
            auto pool = registry.frames(test::small_picture);
            pool.add_demand(4);
            pool.prewarm(4);
            frame = pool.acquire();
            CHECK(allocator.live() == 4);
        }
        CHECK(allocator.live() == 1); // what was idle went with the pool
        write_all(frame);
        frame.reset();
        CHECK(allocator.live() == 0);
    }
}

TEST_CASE("a pool outlives its registry and works on", "[pools][lifetime]") {
    test::CountingAllocator allocator;
    {
        std::optional<PoolRegistry> registry(std::in_place, registry_config(allocator, Locking::mutex));
        auto pool = registry->frames(test::small_picture);
        registry.reset();
        pool.add_demand(1);
        const PooledFrame frame = pool.acquire();
        CHECK(frame);
    }
    CHECK(allocator.live() == 0);
}

TEST_CASE("buffers that are out when the pool ends are freed one by one as they return", "[pools][lifetime]") {
    for (const Locking locking : {Locking::mutex, Locking::lock_free}) {
        test::CountingAllocator allocator;
        std::vector<PooledFrame> frames;
        {
            PoolRegistry registry(registry_config(allocator, locking));
            auto pool = registry.frames(test::small_picture);
            pool.add_demand(3);
            for (int i = 0; i < 5; ++i)
                frames.push_back(pool.acquire()); // two of them beyond the maximum
        }
        CHECK(allocator.live() == 5);
        for (std::size_t left = 5; left != 0; --left) {
            frames.pop_back();
            CHECK(allocator.live() == left - 1);
        }
    }
}

TEMPLATE_TEST_CASE("a pool has as many owners as handles, and is the same pool in each", "[pools][lifetime]",
                   WEIR_FRAME_POOLS) {
    std::optional<TestType> first(std::in_place, test::small_picture);
    TestType second = *first;
    CHECK(second == *first);
    CHECK_FALSE(second == TestType(test::small_picture));
    const PooledFrame frame = first->acquire();
    first.reset();
    CHECK(second.stats().in_use == 1);
    CHECK(second.acquire());
}

TEMPLATE_TEST_CASE("the last handle to a frame returns it, from whatever thread", "[pools][lifetime]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture);
    PooledFrame frame = pool.acquire();
    PooledFrame copy = frame;
    CHECK_FALSE(frame.unique());
    std::jthread([moved = std::move(copy)]() mutable { moved.reset(); }).join();
    CHECK(frame.unique());
    CHECK(pool.stats().in_use == 1);
    std::jthread([moved = std::move(frame)]() mutable { moved.reset(); }).join();
    CHECK(pool.stats().in_use == 0);
    CHECK(pool.stats().total_releases == 1);
}

TEMPLATE_TEST_CASE("a pool may end while other threads return its last frames", "[pools][lifetime][stress]", WEIR_FRAME_POOLS) {
    // Whichever comes last frees the pool: AddressSanitizer and ThreadSanitizer look on.
    for (int round = 0; round < 300; ++round) {
        std::optional<TestType> pool(std::in_place, test::other_picture, test::config(3));
        std::vector<PooledFrame> frames;
        for (int i = 0; i < 4; ++i)
            frames.push_back(pool->acquire());
        test::on_threads(3, [&](unsigned index) {
            if (index == 2)
                return pool.reset();
            frames[2 * index].reset();
            frames[2 * index + 1].reset();
        });
    }
}

TEMPLATE_TEST_CASE("a frame's quota gets it back when the last handle goes, also after the pool", "[pools][lifetime][quota]",
                   WEIR_FRAME_POOLS) {
    const auto quota = Quota::make(2);
    std::optional<TestType> pool(std::in_place, test::small_picture);
    REQUIRE(quota->try_take());
    PooledFrame frame = pool->acquire({.quota = quota, .holder = {}, .now = 0});
    PooledFrame copy = frame;
    frame.reset();
    CHECK(quota->in_use() == 1);
    pool.reset();
    copy.reset();
    CHECK(quota->in_use() == 0);
}

TEMPLATE_TEST_CASE("who is told of room in a quota finds the buffer in the pool", "[pools][lifetime][quota]",
                   WEIR_FRAME_POOLS) {
    struct Looker final : Waiter {
        explicit Looker(TestType& of) : pool(of) {}
        void notify() noexcept override { available = pool.stats().available; }
        TestType& pool;
        std::size_t available = 0;
    };
    TestType pool(test::small_picture, test::config(1));
    const auto quota = Quota::make(1);
    REQUIRE(quota->try_take());
    PooledFrame frame = pool.acquire({.quota = quota, .holder = {}, .now = 0});
    Looker looker(pool);
    REQUIRE_FALSE(quota->take_or_notify(looker));
    frame.reset();
    CHECK(looker.available == 1);
}

TEMPLATE_TEST_CASE("who gets no frame keeps what it took from its quota", "[pools][lifetime][quota]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(0, OverflowPolicy::fail));
    const auto quota = Quota::make(1);
    REQUIRE(quota->try_take());
    const Acquirer by{.quota = quota, .holder = {}, .now = 0};
    CHECK_FALSE(pool.try_acquire(by));
    CHECK_THROWS_AS(pool.acquire(by), PoolExhausted);
    CHECK(quota->in_use() == 1);
}
