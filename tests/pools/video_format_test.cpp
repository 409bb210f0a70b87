#include <weir/pools/video_format.hpp>

#include <catch2/catch.hpp>

#include <unordered_set>

using namespace weir;

TEST_CASE("a video format is read back from its text", "[pools][formats]") {
    for (const PixelFormat pixels : all_pixel_formats()) {
        const VideoFormat format{1919, 3, pixels};
        CHECK(video_format(to_string(format)) == format);
    }
    CHECK(to_string(VideoFormat{1920, 1080, PixelFormat::yuv420p}) == "1920x1080 yuv420p");
    CHECK(video_format(to_string(VideoFormat{})) == VideoFormat{});
}

TEST_CASE("text that is no video format is not read", "[pools][formats]") {
    for (const char* text :
         {"", "x", "1920", "1920x", "1920x1080", "1920x1080 ", "1920x1080yuv420p", "1920x1080 yuv", "-1x2 yuv420p",
          " 1x2 yuv420p", "1x2  yuv420p", "1x2 yuv420p ", "99999999999x2 yuv420p", "1920X1080 yuv420p", "0x10x2 yuv420p"}) {
        CAPTURE(text);
        CHECK_FALSE(video_format(text));
    }
}

TEST_CASE("equal video formats hash equally and the usual ones differ", "[pools][formats]") {
    std::unordered_set<std::size_t> hashes;
    const std::hash<VideoFormat> hash;
    for (std::uint32_t width : {640u, 720u, 1280u, 1920u, 3840u})
        for (std::uint32_t height : {480u, 576u, 720u, 1080u, 2160u})
            for (const PixelFormat pixels : {PixelFormat::yuv420p, PixelFormat::yuv420p10, PixelFormat::nv12})
                hashes.insert(hash({width, height, pixels}));
    CHECK(hashes.size() == 75);
    CHECK(hash({640, 480, PixelFormat::nv12}) == hash({640, 480, PixelFormat::nv12}));
}

TEST_CASE("colour is written with the names of its code points", "[pools][formats]") {
    CHECK(to_string(Colour{}) == "unspecified");
    CHECK(to_string(Colour{ColourRange::limited, 1, 1, 1, 1}) ==
          "limited, primaries bt709, transfer bt709, matrix bt709, chroma left");
    CHECK(to_string(Colour{ColourRange::full, 9, 16, 9, 0}) == "full, primaries bt2020, transfer smpte2084, matrix bt2020nc");
    CHECK(to_string(Colour{ColourRange::unspecified, 200, 2, 2, 99}) == "primaries 200, chroma 99");
    CHECK(to_string(Colour{ColourRange::unspecified, 2, 2, 0, 0}) == "matrix gbr");
}
