#include <weir/pools/pixel_format.hpp>

#include <catch2/catch.hpp>

#include <bit>
#include <set>
#include <string>

using namespace weir;

TEST_CASE("every pixel format is found by its own name and no two share one", "[pools][formats]") {
    std::set<std::string_view> names;
    for (const PixelFormat format : all_pixel_formats()) {
        CAPTURE(to_string(format));
        CHECK(pixel_format(to_string(format)) == format);
        CHECK(names.insert(to_string(format)).second);
        CHECK(describe(format).planes > 0);
    }
    CHECK(names.size() == static_cast<std::size_t>(PixelFormat::monoblack));
}

TEST_CASE("a name may end in this machine's byte order where pixels are words, and only there", "[pools][formats]") {
    const bool little = std::endian::native == std::endian::little;
    const std::string own = little ? "le" : "be";
    const std::string foreign = little ? "be" : "le";
    CHECK(pixel_format("yuv420p10" + own) == PixelFormat::yuv420p10);
    CHECK(pixel_format("rgb565" + own) == PixelFormat::rgb565);
    CHECK(pixel_format("p010" + own) == PixelFormat::p010);
    CHECK_FALSE(pixel_format("yuv420p10" + foreign));
    CHECK_FALSE(pixel_format("yuv420p" + own));
    CHECK_FALSE(pixel_format("rgb24" + own));
}

TEST_CASE("a name that is no format's is not found", "[pools][formats]") {
    CHECK_FALSE(pixel_format(""));
    CHECK_FALSE(pixel_format("none"));
    CHECK_FALSE(pixel_format("yuv420"));
    CHECK_FALSE(pixel_format("yuvj420p"));
    CHECK_FALSE(pixel_format("YUV420P"));
}

TEST_CASE("what is no format is described as none", "[pools][formats]") {
    CHECK(describe(PixelFormat::none).planes == 0);
    CHECK(to_string(PixelFormat::none) == "none");
    CHECK(describe(static_cast<PixelFormat>(250)).planes == 0);
}

TEST_CASE("formats are described as they are stored", "[pools][formats]") {
    const auto& planar = describe(PixelFormat::yuv420p10);
    CHECK(planar.planes == 3);
    CHECK(planar.depth == 10);
    CHECK(planar.log2_chroma_w == 1);
    CHECK(planar.log2_chroma_h == 1);
    CHECK(planar.plane[0].bits_per_pixel == 16);
    CHECK_FALSE(planar.plane[0].chroma);
    CHECK(planar.plane[1].chroma);

    CHECK(describe(PixelFormat::yuva444p).planes == 4);
    CHECK(describe(PixelFormat::yuva420p).alpha);
    CHECK_FALSE(describe(PixelFormat::yuva420p).plane[3].chroma);
    CHECK(describe(PixelFormat::nv12).plane[1].bits_per_pixel == 16);
    CHECK(describe(PixelFormat::p010).plane[1].bits_per_pixel == 32);
    CHECK(describe(PixelFormat::gbrp).rgb);
    CHECK_FALSE(describe(PixelFormat::gbrp).plane[1].chroma);
    CHECK(describe(PixelFormat::rgb565).depth == 6);
    CHECK(describe(PixelFormat::pal8).palette);
    CHECK(describe(PixelFormat::monowhite).plane[0].bits_per_pixel == 1);
    CHECK(to_string(PixelFormat::zero_rgb) == "0rgb");
    CHECK(to_string(PixelFormat::gray8) == "gray");
}
