#include <weir/stages/frame_number.hpp>
#include <weir/stages/scale.hpp>
#include <weir/stages/testsrc.hpp>

#include "support/collect.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace support;

namespace {

std::vector<Note> scaled(const TestsrcOptions& source, const ScaleOptions& options, unsigned threads = 2,
                         std::size_t source_quota = 0, std::size_t quota = 0) {
    TestEngine test(threads);
    std::vector<Note> notes;
    Pipeline pipeline(test.engine);
    const auto src = pipeline.add("src", testsrc(source));
    const auto stage = pipeline.add("scale", scale(options));
    pipeline.set(src, {.quota = source_quota});
    pipeline.set(stage, {.quota = quota});
    src >> stage >> pipeline.add("notes", note(notes));
    pipeline.run();
    CHECK(test.frames_out() == 0);
    CHECK(overflows(test, pipeline) == 0);
    return notes;
}

} // namespace

TEST_CASE("a quota of one frame before and behind it is enough", "[stages][scale]") {
    CHECK(scaled({.width = 64, .height = 48, .frames = 10}, {.width = 32, .height = 24}, 4, 1, 1).size() == 10);
}

TEST_CASE("a frame that is already as wanted passes through scale without a copy", "[stages][scale]") {
    TestEngine test;
    std::vector<const std::byte*> before;
    std::vector<const std::byte*> after;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 64, .height = 36, .frames = 20})) >>
        pipeline.add("before", map([&before](PooledFrame frame) {
                         before.push_back(frame.plane(0).data);
                         return frame;
                     })) >>
        pipeline.add("scale", scale({.width = 64, .height = 36, .format = PixelFormat::yuv420p, .parallel = 3})) >>
        pipeline.add("after", sink([&after](PooledFrame frame) { after.push_back(frame.plane(0).data); }));
    pipeline.run();
    CHECK(before.size() == 20);
    CHECK(before == after);
}

TEST_CASE("scale gives the same pictures in the same order however many it has under way", "[stages][scale][order]") {
    const TestsrcOptions source{
        .width = 96, .height = 54, .frames = 60, .changes = {"0.4:64x36:yuv444p", "1:40x30", "1.6:120x68:rgb24"}};
    const ScaleOptions one{.width = 40, .height = 30, .format = PixelFormat::yuv420p, .parallel = 1};
    const auto wanted = scaled(source, one, 1);
    REQUIRE(wanted.size() == 60);
    ScaleOptions several = one;
    several.parallel = GENERATE(2u, 3u, 5u);
    const unsigned threads = GENERATE(1u, 4u);
    CAPTURE(several.parallel.value, threads);
    const auto got = scaled(source, several, threads);
    REQUIRE(got.size() == 60);
    for (std::size_t i = 0; i < got.size(); ++i) {
        CHECK(got[i].header.pts == static_cast<std::int64_t>(i));
        CHECK(got[i].bytes == wanted[i].bytes);
    }
}

TEST_CASE("scale with the smallest quotas gives the same pictures, and nothing overflows", "[stages][scale][order]") {
    const TestsrcOptions source{.width = 96, .height = 54, .frames = 30};
    const ScaleOptions options{.width = 40, .height = 30, .parallel = 4};
    const auto wanted = scaled(source, options);
    const auto got = scaled(source, options, 4, 4, 1); // the source's: the three under way and one more
    REQUIRE(got.size() == wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i)
        CHECK(got[i].bytes == wanted[i].bytes);
}

TEST_CASE("pictures of changing sizes all come out in the one that was asked for", "[stages][scale][change]") {
    const auto notes = scaled({.width = 96, .height = 54, .frames = 30, .changes = {"0.4:97x55:yuv444p", "0.8:33x77:nv12"}},
                              {.width = 80, .height = 60, .format = PixelFormat::yuv420p, .parallel = 2});
    REQUIRE(notes.size() == 30);
    for (const Note& note : notes)
        CHECK(note.format == VideoFormat{80, 60, PixelFormat::yuv420p});
}

TEST_CASE("what cannot be scaled ends the pipeline with an error that names the stage", "[stages][scale]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 2, .height = 1000, .frames = 3})) >>
        pipeline.add("too wide", scale({.width = 32768, .height = -1})) >> pipeline.add("end", sink([](PooledFrame) {}));
    try {
        pipeline.run();
        FAIL("it ran");
    } catch (const Error& error) {
        CHECK(error.stage() == "too wide");
        CHECK(std::string(error.what()).find("32768") != std::string::npos);
    }
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a pipeline that is cancelled while frames are being scaled gets them all back", "[stages][scale][lifecycle]") {
    for (const std::int64_t last : {1, 5, 20}) {
        TestEngine test(4);
        Pipeline pipeline(test.engine);
        pipeline.add("src", testsrc({.width = 640, .height = 360})) >>
            pipeline.add("cancel", map([&pipeline, last](PooledFrame frame) {
                             if (frame.header().pts == last)
                                 pipeline.cancel();
                             return frame;
                         })) >>
            pipeline.add("scale", scale({.width = 320, .height = 180, .parallel = 4})) >>
            pipeline.add("end", sink([](PooledFrame) {}));
        CHECK_THROWS_AS(pipeline.run(), Cancelled);
        CHECK(test.frames_out() == 0);
    }
}

TEST_CASE("options of scale outside their range are refused", "[stages][scale][options]") {
    CHECK_THROWS_AS(scale({.width = 40000}), OptionError);
    ScaleOptions options;
    CHECK_THROWS_AS(ScaleOptions::table().parse(options, {{"format", "yuv420q"}}), OptionError);
    CHECK_THROWS_AS(ScaleOptions::table().parse(options, {{"parallel", "many"}}), OptionError);
    CHECK_THROWS_AS(ScaleOptions::table().parse(options, {{"filter", "blurry"}}), OptionError);
    ScaleOptions::table().parse(options, {{"", "320x240"},
                                          {"format", "yuv420p10le"},
                                          {"parallel", "auto"},
                                          {"filter", "lanczos"},
                                          {"matrix", "bt709"},
                                          {"range", "full"}});
    CHECK(options.width == 320);
    CHECK(options.height == 240);
    CHECK(options.format == PixelFormat::yuv420p10);
    CHECK(options.parallel.automatic());
    CHECK(options.filter == ScaleFilter::lanczos);
    CHECK(options.matrix == 1);
    CHECK(options.range == ColourRange::full);
}

TEST_CASE("the size can be changed while scale runs: from one picture on, and none is lost", "[stages][scale][live]") {
    const unsigned threads = GENERATE(1u, 2u); // alone, and with several under way
    TestEngine test(threads);
    Event changed("the size was changed");
    Event begun("some were sent");
    std::vector<Note> notes;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 32, .height = 32, .frames = 60})) >>
        pipeline.add("gate",
                     [&](Input<PooledFrame> in, Output<PooledFrame> out) -> Process {
                         for (int i = 0; auto frame = co_await in.next(); ++i) {
                             if (i == 20) {
                                 begun.set();
                                 co_await until(changed);
                             }
                             if (!co_await out.put(std::move(*frame)))
                                 co_return;
                         }
                     }) >>
        pipeline.add("scale", scale({.width = 16, .height = 16})) >> pipeline.add("notes", note(notes));
    pipeline.start();
    while (!begun.is_set())
        std::this_thread::yield();
    pipeline.set_option("scale", "size", "64x48");
    CHECK_THROWS_WITH(pipeline.set_option("scale", "width", "100000"), Catch::Contains("scale: width"));
    CHECK_THROWS_WITH(pipeline.set_option("scale", "widht", "10"), Catch::Contains("width"));
    CHECK_THROWS_WITH(pipeline.set_option("scale", "parallel", "2"), Catch::Contains("cannot be changed while"));
    CHECK_THROWS_WITH(pipeline.set_option("scael", "width", "10"),
                      Catch::Contains("no stage 'scael'") && Catch::Contains("notes"));
    CHECK_THROWS_WITH(pipeline.set_option("notes", "width", "10"), Catch::Contains("notes: 'width' cannot be changed"));
    changed.set();
    pipeline.wait();
    REQUIRE(notes.size() == 60);
    std::size_t i = 0;
    while (i < notes.size() && notes[i].format.width == 16)
        ++i;
    CHECK(i <= 20); // those that had reached it have the old size
    for (; i < notes.size(); ++i) {
        CHECK(notes[i].format.width == 64);
        CHECK(notes[i].format.height == 48);
    }
    for (std::size_t n = 0; n < notes.size(); ++n)
        CHECK(notes[n].header.pts == static_cast<std::int64_t>(n));
}
