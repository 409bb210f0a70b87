#include <weir/pools/frame_buffer.hpp>

#include "support.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <optional>
#include <vector>

using namespace weir;

TEST_CASE("a frame buffer has writable planes of its layout", "[pools][plain]") {
    for (const PixelFormat pixels : all_pixel_formats()) {
        CAPTURE(to_string(pixels));
        FrameBuffer buffer({7, 5, pixels});
        for (std::uint32_t i = 0; i < buffer.layout().planes; ++i) {
            const Plane plane = buffer.plane(i);
            CHECK(reinterpret_cast<std::uintptr_t>(plane.data) % 64 == 0);
            for (std::uint32_t y = 0; y < plane.rows; ++y)
                std::memset(plane.row(y), 1, plane.row_bytes); // AddressSanitizer looks on
        }
    }
}

TEST_CASE("resetting a buffer zeroes it only when asked", "[pools][plain]") {
    FrameBuffer buffer(test::small_picture);
    buffer.plane(1).row(3)[5] = std::byte{7};
    buffer.reset(Zero::no);
    CHECK(buffer.plane(1).row(3)[5] == std::byte{7});
    buffer.reset(Zero::yes);
    CHECK(buffer.plane(1).row(3)[5] == std::byte{0});

    SampleBuffer samples(test::stereo, 100);
    samples.plane(1)[399] = std::byte{7};
    samples.reset(Zero::no);
    CHECK(samples.plane(1)[399] == std::byte{7});
    samples.reset(Zero::yes);
    CHECK(samples.plane(1)[399] == std::byte{0});
}

TEST_CASE("a buffer matches its own format and no other", "[pools][plain]") {
    const FrameBuffer buffer(test::small_picture);
    CHECK(buffer.matches(test::small_picture));
    CHECK_FALSE(buffer.matches(test::other_picture));
    CHECK_FALSE(FrameBuffer{}.matches(test::small_picture));

    const SampleBuffer samples(test::stereo, 100);
    AudioFormat slower = test::stereo;
    slower.sample_rate = 8000;
    AudioFormat mono = test::stereo;
    mono.layout = ChannelLayout::of(1);
    CHECK(samples.matches(test::stereo, 100));
    CHECK(samples.matches(slower, 1));
    CHECK_FALSE(samples.matches(test::stereo, 101));
    CHECK_FALSE(samples.matches(mono, 100));
    CHECK_FALSE(SampleBuffer{}.matches(test::stereo, 1));
}

TEST_CASE("a lone buffer gives its memory back to its allocator", "[pools][plain]") {
    test::CountingAllocator allocator;
    {
        FrameBuffer buffer(test::small_picture, {}, allocator);
        const SampleBuffer samples(test::stereo, 100, allocator);
        CHECK(allocator.live() == 2);
        FrameBuffer moved(std::move(buffer));
        CHECK(allocator.live() == 2);
        allocator.fail(1);
        CHECK_THROWS_AS(FrameBuffer(test::small_picture, {}, allocator), std::bad_alloc);
    }
    CHECK(allocator.live() == 0);
}

TEST_CASE("a plain pool gives a released buffer out again, the last one first", "[pools][plain]") {
    FramePool pool(test::small_picture, test::config(4));
    FrameBuffer first = pool.acquire();
    FrameBuffer second = pool.acquire();
    const std::byte* const warmest = second.plane(0).data;
    pool.release(std::move(first));
    pool.release(std::move(second));
    CHECK(pool.acquire().plane(0).data == warmest);
    CHECK(pool.stats().allocations == 2);
    CHECK(test::adds_up(pool.stats()));
}

TEST_CASE("a plain pool at its maximum does what its policy says", "[pools][plain]") {
    SECTION("spill") {
        FramePool pool(test::small_picture, test::config(1, OverflowPolicy::spill));
        FrameBuffer first = pool.acquire();
        FrameBuffer second = pool.acquire();
        CHECK(second);
        CHECK(pool.stats().capacity == 2);
        CHECK(pool.stats().overflows == 1);
        pool.release(std::move(second));
        CHECK(pool.stats().capacity == 1);
    }
    SECTION("fail") {
        FramePool pool(test::small_picture, test::config(1, OverflowPolicy::fail));
        const FrameBuffer first = pool.acquire();
        CHECK_THROWS_AS(pool.acquire(), PoolExhausted);
    }
    SECTION("drop") {
        FramePool pool(test::small_picture, test::config(1, OverflowPolicy::drop));
        const FrameBuffer first = pool.acquire();
        CHECK_FALSE(pool.acquire());
        CHECK(pool.stats().drops == 1);
    }
    SECTION("wait cannot be served by one thread") {
        FramePool pool(test::small_picture, test::config(1, OverflowPolicy::wait));
        const FrameBuffer first = pool.acquire();
        CHECK_THROWS_AS(pool.acquire(), PoolExhausted);
    }
    SECTION("to try is to get nothing, whatever the policy") {
        FramePool pool(test::small_picture, test::config(1, OverflowPolicy::spill));
        const FrameBuffer first = pool.try_acquire();
        CHECK(first);
        CHECK_FALSE(pool.try_acquire());
    }
}

TEST_CASE("a plain pool refuses a buffer of another layout", "[pools][plain]") {
    FramePool pool(test::small_picture);
    CHECK_THROWS_AS(pool.release(FrameBuffer(test::other_picture)), FormatError);
    SamplePool samples(test::stereo, 100);
    CHECK_THROWS_AS(samples.release(SampleBuffer(test::stereo, 200)), FormatError);
    CHECK(pool.stats().capacity == 0);
}

TEST_CASE("a buffer of the same layout from elsewhere goes back to where it came from", "[pools][plain]") {
    FramePool pool(test::small_picture);
    FramePool other(test::small_picture);
    pool.release(other.acquire());
    CHECK(pool.stats().capacity == 0);
    CHECK(other.stats().available == 1);
    pool.release(FrameBuffer(test::small_picture));
    CHECK(pool.stats().capacity == 0);
    pool.release(FrameBuffer{});
}

TEST_CASE("a buffer that is let go returns to its plain pool, or outlives it", "[pools][plain][lifetime]") {
    std::optional<FramePool> pool(std::in_place, test::small_picture);
    FrameBuffer buffer = pool->acquire();
    static_cast<void>(pool->acquire());
    CHECK(pool->stats().available == 1);
    pool.reset();
    buffer.plane(0).row(0)[0] = std::byte{1};
    CHECK(buffer.matches(test::small_picture));
}

TEST_CASE("a moved plain pool keeps its buffers", "[pools][plain]") {
    PoolConfig config = test::config(4);
    config.initial_capacity = 3;
    SamplePool pool(test::stereo, 100, config);
    SamplePool moved(std::move(pool));
    CHECK(moved.stats().available == 3);
    SampleBuffer buffer = moved.try_acquire();
    CHECK(buffer.matches(test::stereo, 100));
    CHECK(moved.stats().in_use == 1);
    CHECK(moved.acquire());
    CHECK(moved.stats().in_use == 1);
}
