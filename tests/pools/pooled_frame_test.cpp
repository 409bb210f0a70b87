#include "support.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <type_traits>

using namespace weir;

namespace {

PooledFrame picture(std::uint32_t width, std::uint32_t height, PixelFormat pixels, BufferRequirements needs = {}) {
    PooledFrame frame = SharedFramePool({width, height, pixels}, {}, needs).acquire(); // outlives its pool
    unsigned value = 0;
    for (std::uint32_t i = 0; i < frame.planes(); ++i) {
        const Plane plane = frame.writable_plane(i);
        for (std::uint32_t y = 0; y < plane.rows; ++y)
            for (std::size_t x = 0; x < plane.row_bytes; ++x)
                plane.row(y)[x] = static_cast<std::byte>(value++ * 7);
    }
    return frame;
}

} // namespace

static_assert(std::has_unique_object_representations_v<FrameProperties> && sizeof(FrameProperties) % 16 == 0,
              "copied in wide moves only while it has no padding");

TEST_CASE("a handle's header is its own, its pixels are shared", "[pools][frame]") {
    PooledFrame frame = picture(64, 48, PixelFormat::yuv420p);
    PooledFrame copy = frame;
    copy.header().pts = 7;
    CHECK(frame.header().pts == no_time);
    CHECK(copy.plane(0).data == frame.plane(0).data);
    CHECK_FALSE(frame.unique());
    copy.reset();
    CHECK_FALSE(copy);
    CHECK(frame.unique());
}

TEST_CASE("a view shows the part it names in every plane, without a copy", "[pools][frame]") {
    for (const PixelFormat pixels : all_pixel_formats()) {
        CAPTURE(to_string(pixels));
        const PixelFormatInfo& info = describe(pixels);
        const PooledFrame frame = picture(67, 35, pixels);
        const Crop part{16, 8, 33, 17};
        const PooledFrame view = frame.view(part);
        CHECK(view.format() == VideoFormat{33, 17, pixels});
        for (std::uint32_t i = 0; i < frame.planes(); ++i) {
            const ConstPlane seen = view.plane(i);
            const PlaneLayout tight = packed_plane(view.format(), i);
            CHECK(seen.row_bytes == tight.row_bytes);
            CHECK(seen.rows == tight.rows);
            if (info.palette && i == 1) {
                CHECK(seen.data == frame.plane(i).data);
                continue;
            }
            const std::uint32_t x = info.plane[i].chroma ? 16u >> info.log2_chroma_w : 16u;
            const std::uint32_t y = info.plane[i].chroma ? 8u >> info.log2_chroma_h : 8u;
            CHECK(seen.data == frame.plane(i).row(y) + x * info.plane[i].bits_per_pixel / 8);
        }
        CHECK_FALSE(frame.unique());
    }
}

TEST_CASE("a view of a view counts from the view", "[pools][frame]") {
    const PooledFrame frame = picture(64, 48, PixelFormat::gray8);
    const PooledFrame view = frame.view({10, 20, 30, 20}).view({5, 6, 10, 10});
    CHECK(view.header().crop == Crop{15, 26, 10, 10});
    CHECK(view.plane(0).data == frame.plane(0).row(26) + 15);
}

TEST_CASE("a view outside the picture or between chroma pixels is refused", "[pools][frame]") {
    const PooledFrame frame = picture(64, 48, PixelFormat::yuv420p);
    CHECK_THROWS_AS(frame.view({0, 0, 65, 48}), std::out_of_range);
    CHECK_THROWS_AS(frame.view({0, 0, 64, 49}), std::out_of_range);
    CHECK_THROWS_AS(frame.view({64, 0, 1, 1}), std::out_of_range);
    CHECK_THROWS_AS(frame.view({2, 0, 0xffff'ffff, 1}), std::out_of_range);
    CHECK_THROWS_AS(frame.view({0xffff'fffe, 0, 4, 1}), std::out_of_range);
    CHECK_THROWS_AS(frame.view({0, 0, 0, 1}), std::out_of_range);
    CHECK_THROWS_AS(frame.view({1, 0, 8, 8}), std::out_of_range);
    CHECK_THROWS_AS(frame.view({0, 1, 8, 8}), std::out_of_range);
    CHECK(frame.view({62, 46, 1, 1}));

    const PooledFrame bits = picture(64, 4, PixelFormat::monoblack);
    CHECK_THROWS_AS(bits.view({4, 0, 8, 1}), std::out_of_range);
    CHECK(bits.view({8, 1, 3, 1}).plane(0).row_bytes == 1);
    const PooledFrame packed = picture(64, 4, PixelFormat::yuyv422);
    CHECK_THROWS_AS(packed.view({1, 0, 2, 1}), std::out_of_range);
}

TEST_CASE("the alignment of a frame is that of its visible planes", "[pools][frame]") {
    const PooledFrame frame = picture(1920, 4, PixelFormat::yuv420p, {64, 0});
    CHECK(frame.aligned_to() >= 64);
    CHECK(frame.view({16, 0, 64, 4}).aligned_to() == 8);
    CHECK(frame.view({2, 0, 64, 4}).aligned_to() == 1);
    CHECK(picture(64, 4, PixelFormat::gray8, {4096, 0}).aligned_to() == 4096);
}

TEST_CASE("copying pixels copies what is visible and nothing else", "[pools][frame]") {
    for (const PixelFormat pixels : all_pixel_formats()) {
        CAPTURE(to_string(pixels));
        const PooledFrame from = picture(67, 35, pixels).view({8, 4, 41, 23});
        PooledFrame to = SharedFramePool(from.format(), {}, {16, 0}).acquire();
        copy_pixels(from, to);
        for (std::uint32_t i = 0; i < from.planes(); ++i)
            for (std::uint32_t y = 0; y < from.plane(i).rows; ++y)
                if (std::memcmp(from.plane(i).row(y), to.plane(i).row(y), from.plane(i).row_bytes) != 0)
                    FAIL("plane " << i << " differs in row " << y);
    }
}

TEST_CASE("pixels are copied only into a frame of the same format that nobody shares", "[pools][frame]") {
    const PooledFrame from = picture(64, 48, PixelFormat::yuv420p);
    PooledFrame smaller = picture(32, 48, PixelFormat::yuv420p);
    CHECK_THROWS_AS(copy_pixels(from, smaller), FormatError);
    PooledFrame shared = picture(64, 48, PixelFormat::yuv420p);
    const PooledFrame other = shared;
    CHECK_THROWS_AS(copy_pixels(from, shared), FormatError);
    PooledFrame none;
    CHECK_THROWS_AS(copy_pixels(from, none), FormatError);
    CHECK_THROWS_AS(copy_pixels(none, smaller), FormatError);
}

TEST_CASE("a frame is written with its format and time", "[pools][frame]") {
    PooledFrame frame = picture(1920, 2, PixelFormat::yuv420p);
    CHECK(to_string(frame) == "1920x2 yuv420p without pts");
    frame.header().pts = 135000;
    frame.header().time_base = {1, 90000};
    CHECK(to_string(frame) == "1920x2 yuv420p pts 1.5 s");
    CHECK(to_string(PooledFrame{}) == "no frame");
}

TEST_CASE("samples are read from their offset, in bytes of all channels if interleaved", "[pools][samples]") {
    const AudioFormat packed{SampleFormat::s16, ChannelLayout::of(2), 48000};
    PooledSamples samples = SharedSamplePool(packed, 100).acquire(packed, 60);
    CHECK(samples.planes() == 1);
    CHECK(samples.plane_bytes() == 240);
    const std::byte* const begin = samples.plane(0);
    samples.header().offset = 10;
    samples.header().count = 50;
    CHECK(samples.plane(0) == begin + 40);
    CHECK(samples.plane_bytes() == 200);

    PooledSamples planar = SharedSamplePool(test::stereo, 100).acquire(test::stereo, 60);
    CHECK(planar.planes() == 2);
    CHECK(planar.plane_bytes() == 240);
    const std::byte* const right = planar.plane(1);
    planar.header().offset = 10;
    CHECK(planar.plane(1) == right + 40);
}

TEST_CASE("samples are copied into as many of the same format", "[pools][samples]") {
    SharedSamplePool pool(test::stereo, 100);
    PooledSamples from = pool.acquire(test::stereo, 60);
    for (std::uint32_t i = 0; i < 2; ++i)
        std::memset(from.writable_plane(i), 0x11 * static_cast<int>(i + 1), from.plane_bytes());
    from.header().offset = 20;
    from.header().count = 30;
    PooledSamples to = pool.acquire(test::stereo, 30);
    copy_samples(from, to);
    CHECK(std::memcmp(from.plane(1), to.plane(1), 120) == 0);
    to.header().count = 29;
    CHECK_THROWS_AS(copy_samples(from, to), FormatError);
    const PooledSamples other = to;
    to.header().count = 30;
    CHECK_THROWS_AS(copy_samples(from, to), FormatError);
    PooledSamples none;
    CHECK_THROWS_AS(copy_samples(from, none), FormatError);
}
