#include <weir/pools/errors.hpp>
#include <weir/pools/layout.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

using namespace weir;

namespace {

struct Size {
    std::size_t row_bytes;
    std::size_t rows;
};

std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

/// The planes of a format, computed from nothing but its name: an independent account of what the table says.
std::vector<Size> planes_by_name(PixelFormat format, std::size_t width, std::size_t height) {
    std::string_view name = to_string(format);
    const auto has = [&name](std::string_view part) { return name.find(part) != std::string_view::npos; };
    const bool deep = name.ends_with("9") || name.ends_with("10") || name.ends_with("12") || name.ends_with("14") ||
                      name.ends_with("16") || name.ends_with("010") || name.ends_with("210");
    const std::size_t word = deep && name != "nv12" && name != "nv16" && name != "yuv410p" ? 2 : 1;
    if (name.starts_with("yuv") && has("p")) {
        const bool alpha = name.starts_with("yuva");
        const std::string_view ratio = name.substr(alpha ? 4 : 3, 3);
        const std::size_t across = ratio == "410" || ratio == "411" ? 4 : ratio == "420" || ratio == "422" ? 2 : 1;
        const std::size_t down = ratio == "410" ? 4 : ratio == "420" || ratio == "440" ? 2 : 1;
        const Size luma{width * word, height};
        const Size chroma{ceil_div(width, across) * word, ceil_div(height, down)};
        return alpha ? std::vector{luma, chroma, chroma, luma} : std::vector{luma, chroma, chroma};
    }
    if (name == "nv12" || name == "nv21" || name == "p010" || name == "p016")
        return {{width * word, height}, {ceil_div(width, 2) * 2 * word, ceil_div(height, 2)}};
    if (name == "nv16" || name == "p210" || name == "p216")
        return {{width * word, height}, {ceil_div(width, 2) * 2 * word, height}};
    if (name == "nv24")
        return {{width, height}, {width * 2, height}};
    if (name.starts_with("gbrap"))
        return std::vector<Size>(4, {width * word, height});
    if (name.starts_with("gbrp"))
        return std::vector<Size>(3, {width * word, height});
    if (name.starts_with("gray"))
        return {{width * word, height}};
    if (name == "ya8" || name == "rgb565" || name == "bgr565" || name == "rgb555" || name == "bgr555")
        return {{width * 2, height}};
    if (name == "ya16" || has("rgb0") || has("bgr0") || has("0rgb") || has("0bgr") || name == "rgba" || name == "bgra" ||
        name == "argb" || name == "abgr")
        return {{width * 4, height}};
    if (name == "rgb24" || name == "bgr24")
        return {{width * 3, height}};
    if (name.ends_with("48"))
        return {{width * 6, height}};
    if (name.ends_with("64"))
        return {{width * 8, height}};
    if (name.ends_with("v422"))
        return {{ceil_div(width, 2) * 4, height}};
    if (name == "yuyv422" || name == "uyvy422" || name == "yvyu422")
        return {{ceil_div(width, 2) * 4, height}};
    if (name == "pal8")
        return {{width, height}, {1024, 1}};
    if (name.starts_with("mono"))
        return {{ceil_div(width, 8), height}};
    return {};
}

} // namespace

TEST_CASE("every format has the planes its name says, at any size down to one pixel", "[pools][layout]") {
    for (const PixelFormat pixels : all_pixel_formats())
        for (const std::uint32_t width : {1u, 2u, 3u, 5u, 7u, 8u, 9u, 63u, 64u, 65u, 1919u, 1920u})
            for (const std::uint32_t height : {1u, 2u, 3u, 5u, 17u}) {
                const VideoFormat format{width, height, pixels};
                CAPTURE(to_string(format));
                const auto expected = planes_by_name(pixels, width, height);
                const FrameLayout layout = frame_layout(format);
                REQUIRE(layout.planes == expected.size());
                std::size_t packed = 0;
                for (std::uint32_t i = 0; i < layout.planes; ++i) {
                    CHECK(layout.plane[i].row_bytes == expected[i].row_bytes);
                    CHECK(layout.plane[i].rows == expected[i].rows);
                    CHECK(packed_plane(format, i).row_bytes == expected[i].row_bytes);
                    CHECK(packed_plane(format, i).rows == expected[i].rows);
                    packed += expected[i].row_bytes * expected[i].rows;
                }
                CHECK(packed_bytes(format) == packed);
            }
}

TEST_CASE("planes lie one behind the other, aligned, with room for padding at the end", "[pools][layout]") {
    for (const PixelFormat pixels : all_pixel_formats())
        for (const std::uint32_t alignment : {1u, 16u, 32u, 64u, 256u, 4096u})
            for (const std::uint32_t width : {1u, 31u, 720u, 1366u, 4095u}) {
                const FrameLayout layout = frame_layout({width, 5, pixels}, {alignment, 17});
                CAPTURE(to_string(layout.format), alignment);
                std::size_t end = 0;
                for (std::uint32_t i = 0; i < layout.planes; ++i) {
                    const PlaneLayout& plane = layout.plane[i];
                    const auto stride = static_cast<std::size_t>(plane.stride);
                    CHECK(plane.offset >= end);
                    CHECK(plane.offset % alignment == 0);
                    CHECK(stride % alignment == 0);
                    CHECK(stride >= plane.row_bytes);
                    end = plane.offset + stride * plane.rows;
                }
                CHECK(layout.bytes == end + 17);
            }
}

TEST_CASE("chroma strides are luma's, shifted by the subsampling exactly", "[pools][layout]") {
    for (const PixelFormat pixels : all_pixel_formats()) {
        const PixelFormatInfo& info = describe(pixels);
        for (const std::uint32_t alignment : {1u, 32u, 64u, 1024u, 4096u})
            for (const std::uint32_t width : {1u, 2u, 3u, 719u, 1920u, 2048u, 4096u, 8191u, 8192u}) {
                const FrameLayout layout = frame_layout({width, 2, pixels}, {alignment, 0});
                CAPTURE(to_string(layout.format), alignment);
                const auto luma = layout.plane[0].stride;
                for (std::uint32_t i = 1; i < info.planes && !info.palette; ++i) {
                    const auto shifted = info.plane[i].chroma ? luma >> info.log2_chroma_w : luma;
                    CHECK(layout.plane[i].stride * info.plane[0].bits_per_pixel == shifted * info.plane[i].bits_per_pixel);
                }
            }
    }
}

TEST_CASE("no stride is a multiple of a page unless the alignment leaves no choice", "[pools][layout]") {
    for (const PixelFormat pixels : all_pixel_formats()) {
        const PixelFormatInfo& info = describe(pixels);
        for (const std::uint32_t alignment : {1u, 16u, 64u, 512u})
            for (std::uint32_t width = 64; width <= 32768; width *= 2)
                for (const std::uint32_t nearly : {width - 1, width, width + 1}) {
                    if (nearly > 32768)
                        continue;
                    const FrameLayout layout = frame_layout({nearly, 2, pixels}, {alignment, 0});
                    CAPTURE(to_string(layout.format), alignment);
                    for (std::uint32_t i = 0; i < (info.palette ? 1 : info.planes); ++i)
                        CHECK(layout.plane[i].stride % 4096 != 0);
                }
    }
    // Asked for pages, one gets pages.
    CHECK(frame_layout({1920, 2, PixelFormat::gray8}, {4096, 0}).plane[0].stride == 4096);
    const FrameLayout planar = frame_layout({1920, 2, PixelFormat::yuv420p}, {4096, 0});
    CHECK(planar.plane[0].stride == 8192);
    CHECK(planar.plane[1].stride == 4096);
}

TEST_CASE("a common picture wastes little", "[pools][layout]") {
    CHECK(frame_layout({1920, 1080, PixelFormat::yuv420p}).plane[0].stride == 1920);
    CHECK(frame_layout({1920, 1080, PixelFormat::yuv420p}).plane[1].stride == 960);
    CHECK(frame_layout({1920, 1080, PixelFormat::nv12}).plane[1].stride == 1920);
    CHECK(frame_layout({3840, 2160, PixelFormat::yuv420p10}).plane[0].stride == 7680);
    CHECK(frame_layout({4096, 2160, PixelFormat::yuv420p}).plane[0].stride == 4096 + 128);
}

TEST_CASE("a picture that cannot be stored is refused", "[pools][layout]") {
    const auto refused = [](std::uint32_t width, std::uint32_t height, PixelFormat pixels, BufferRequirements needs = {}) {
        CHECK_THROWS_AS(frame_layout({width, height, pixels}, needs), FormatError);
    };
    refused(0, 1, PixelFormat::rgb24);
    refused(1, 0, PixelFormat::rgb24);
    refused(1, 1, PixelFormat::none);
    refused(1, 1, static_cast<PixelFormat>(200));
    refused(32769, 1, PixelFormat::gray8);
    refused(1, 32769, PixelFormat::gray8);
    refused(32768, 32769, PixelFormat::gray8);
    refused(0xffff'ffff, 0xffff'ffff, PixelFormat::rgba64);
    refused(16, 16, PixelFormat::gray8, {0, 0});
    refused(16, 16, PixelFormat::gray8, {3, 0});
    refused(16, 16, PixelFormat::gray8, {8192, 0});
    CHECK(frame_layout({32768, 32768, PixelFormat::rgba64}).bytes > std::size_t{1} << 33);
}

TEST_CASE("equal requests give equal layouts", "[pools][layout]") {
    const VideoFormat format{1279, 719, PixelFormat::yuva420p10};
    CHECK(frame_layout(format) == frame_layout(format));
    CHECK_FALSE(frame_layout(format) == frame_layout(format, {32, 64}));
}

TEST_CASE("planar sound has an aligned plane for each channel, interleaved sound has one", "[pools][layout]") {
    const SampleLayout planar = sample_layout({SampleFormat::fltp, ChannelLayout::of(6), 48000}, 1001);
    CHECK(planar.planes == 6);
    CHECK(planar.plane_bytes % 64 == 0);
    CHECK(planar.plane_bytes >= 4004);
    CHECK(planar.bytes == planar.plane_bytes * 6);

    const SampleLayout interleaved = sample_layout({SampleFormat::s16, ChannelLayout::of(6), 48000}, 1001);
    CHECK(interleaved.planes == 1);
    CHECK(interleaved.bytes >= 2u * 6 * 1001);
}

TEST_CASE("sound that cannot be stored is refused", "[pools][layout]") {
    const auto refused = [](SampleFormat format, std::uint32_t channels, std::uint32_t capacity) {
        CHECK_THROWS_AS(sample_layout({format, {channels, 0}, 48000}, capacity), FormatError);
    };
    refused(SampleFormat::none, 2, 1024);
    refused(SampleFormat::s16, 0, 1024);
    refused(SampleFormat::s16, 1025, 1024);
    refused(SampleFormat::s16, 2, 0);
    refused(SampleFormat::dblp, 1024, 1u << 20);
    refused(SampleFormat::dblp, 1024, 0xffff'ffff);
    CHECK(sample_layout({SampleFormat::u8, {1024, 0}, 8000}, 1).bytes == 1024);
}

TEST_CASE("the rate of sound is no part of its layout", "[pools][layout]") {
    CHECK(sample_layout({SampleFormat::s16, ChannelLayout::of(2), 48000}, 1024) ==
          sample_layout({SampleFormat::s16, ChannelLayout::of(2), 44100}, 1024));
}
