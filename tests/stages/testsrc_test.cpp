#include <weir/stages/frame_number.hpp>
#include <weir/stages/null.hpp>
#include <weir/stages/scale.hpp>
#include <weir/stages/testsrc.hpp>

#include "support/collect.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace support;

namespace {

std::vector<Note> pictures_of(const TestsrcOptions& options, unsigned threads = 2) {
    TestEngine test(threads);
    std::vector<Note> notes;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc(options)) >> pipeline.add("notes", note(notes));
    pipeline.run();
    CHECK(test.frames_out() == 0);
    return notes;
}

} // namespace

TEST_CASE("testsrc gives as many pictures as asked, each a tick of the rate after the one before", "[stages][testsrc]") {
    const auto notes = pictures_of({.width = 64, .height = 36, .rate = {30000, 1001}, .frames = 40});
    REQUIRE(notes.size() == 40);
    for (std::size_t i = 0; i < notes.size(); ++i) {
        CHECK(notes[i].header.pts == static_cast<std::int64_t>(i));
        CHECK(notes[i].header.duration == 1);
        CHECK(notes[i].header.time_base == Rational{1001, 30000});
        CHECK(notes[i].header.frame_rate == Rational{30000, 1001});
    }
    CHECK(pictures_of({.width = 16, .height = 16, .rate = {25, 1}, .duration = 0.4}).size() == 10);
    CHECK(pictures_of({.width = 16, .height = 16, .rate = {30000, 1001}, .duration = 1}).size() == 30);
}

TEST_CASE("every picture of testsrc differs from the one before, and is the same in every run", "[stages][testsrc]") {
    const TestsrcOptions options{.width = 128, .height = 72, .frames = 30};
    const auto once = pictures_of(options, 1);
    const auto again = pictures_of(options, 4);
    for (std::size_t i = 0; i < once.size(); ++i) {
        CHECK(once[i].bytes == again[i].bytes);
        if (i > 0)
            CHECK(once[i].bytes != once[i - 1].bytes);
    }
}

TEST_CASE("testsrc tags its colours: BT.601 below 720 lines, BT.709 from there on", "[stages][testsrc][colour]") {
    const auto colour = [](const TestsrcOptions& options) { return pictures_of(options).at(0).header.colour; };
    CHECK(colour({.width = 96, .height = 576, .frames = 1}) == Colour{ColourRange::limited, 6, 6, 6, 1});
    CHECK(colour({.width = 96, .height = 720, .frames = 1}) == Colour{ColourRange::limited, 1, 1, 1, 1});
    CHECK(colour({.width = 96, .height = 720, .frames = 1, .format = PixelFormat::rgb24}).matrix == 0);
    CHECK(colour({.width = 96, .height = 72, .frames = 1, .format = PixelFormat::gray10}).range == ColourRange::full);
}

TEST_CASE("testsrc changes size and format at the first picture of the second it is told", "[stages][testsrc][change]") {
    const auto notes =
        pictures_of({.width = 64, .height = 36, .frames = 20, .changes = {"0.2:32x18", "0.5:48x27:yuv444p", "0.52:10x10"}});
    REQUIRE(notes.size() == 20);
    for (std::size_t i = 0; i < notes.size(); ++i) {
        CAPTURE(i);
        VideoFormat wanted{10, 10, PixelFormat::yuv420p};
        if (i < 5)
            wanted = {64, 36, PixelFormat::yuv420p};
        else if (i < 13) // 0.52 is the 13th at 25 a second
            wanted = {32, 18, PixelFormat::yuv420p};
        CHECK(notes[i].format == wanted);
    }
    CHECK_THROWS_AS(testsrc({.changes = {"2"}}), OptionError);
    CHECK_THROWS_AS(testsrc({.changes = {"2:640"}}), OptionError);
    CHECK_THROWS_AS(testsrc({.changes = {"x:640x480"}}), OptionError);
    CHECK_THROWS_AS(testsrc({.changes = {"2:640x480:yuv"}}), OptionError);
    CHECK_THROWS_AS(testsrc({.changes = {"2:640x0"}}), OptionError);
    CHECK_THROWS_AS(testsrc({.changes = {"2:640x480", "1:320x240"}}), OptionError);
}

TEST_CASE("the numbers of testsrc can be read in every named format", "[stages][testsrc][numbers]") {
    for (const PixelFormat format : all_pixel_formats()) {
        CAPTURE(to_string(format));
        TestEngine test;
        std::vector<std::optional<std::uint32_t>> numbers;
        Pipeline pipeline(test.engine);
        pipeline.add("src", testsrc({.width = 96, .height = 64, .frames = 3, .format = format, .start = 0xa5c3f0})) >>
            pipeline.add("read", sink([&numbers](PooledFrame frame) { numbers.push_back(read_frame_number(frame)); }));
        pipeline.run();
        CHECK(numbers == std::vector<std::optional<std::uint32_t>>{0xa5c3f0, 0xa5c3f1, 0xa5c3f2});
    }
}

TEST_CASE("the numbers survive scaling to any size of 24 pixels and more", "[stages][testsrc][numbers]") {
    const auto [fw, fh] = GENERATE(std::pair(24u, 16u), std::pair(100u, 30u), std::pair(1280u, 720u));
    const auto [tw, th] = GENERATE(std::pair(48, 48), std::pair(101, 57), std::pair(854, 480), std::pair(1921, 1081));
    CAPTURE(fw, fh, tw, th);
    TestEngine test;
    std::vector<std::optional<std::uint32_t>> numbers;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = fw, .height = fh, .frames = 2, .start = 0x155555})) >>
        pipeline.add("scale", scale({.width = tw, .height = th})) >>
        pipeline.add("read", sink([&numbers](PooledFrame frame) { numbers.push_back(read_frame_number(frame)); }));
    pipeline.run();
    CHECK(numbers == std::vector<std::optional<std::uint32_t>>{0x155555, 0x155556});
}

TEST_CASE("pictures of every small size are drawn in every kind of format", "[stages][testsrc]") {
    const auto format =
        GENERATE(PixelFormat::yuv420p, PixelFormat::yuv410p, PixelFormat::yuv422p10, PixelFormat::gray8, PixelFormat::rgb24,
                 PixelFormat::pal8, PixelFormat::nv12, PixelFormat::monoblack, PixelFormat::yuva420p, PixelFormat::yuyv422);
    for (std::uint32_t width = 1; width <= 26; width += width < 5 ? 1 : 7)
        for (std::uint32_t height = 1; height <= 17; height += height < 5 ? 1 : 6) {
            const auto notes = pictures_of({.width = width, .height = height, .frames = 1, .format = format});
            REQUIRE(notes.size() == 1);
            CHECK(notes[0].format == VideoFormat{width, height, format});
        }
}

TEST_CASE("testsrc without end stops when nobody reads any more", "[stages][testsrc]") {
    TestEngine test;
    std::vector<std::int64_t> got;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 64, .height = 36})) >> pipeline.add("some", [&got](Input<PooledFrame> in) -> Process {
        while (got.size() < 5) {
            const auto frame = co_await in.next();
            got.push_back(frame->header().pts);
        }
    });
    pipeline.run();
    CHECK(got == std::vector<std::int64_t>{0, 1, 2, 3, 4});
    CHECK(test.frames_out() == 0);
}
