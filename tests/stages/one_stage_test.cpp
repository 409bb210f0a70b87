// Stages alone, in the harness: what they do when their surroundings fail, leave or wait.
#include <weir/framework/testing.hpp>
#include <weir/stages/frame_number.hpp>
#include <weir/stages/resample.hpp>
#include <weir/stages/scale.hpp>
#include <weir/stages/testsrc.hpp>

#include <catch2/catch.hpp>

using namespace weir;
using namespace weir::testing;

namespace {

constexpr VideoFormat small{64, 48, PixelFormat::yuv420p};
constexpr VideoFormat wide{96, 48, PixelFormat::yuv444p};
constexpr AudioFormat stereo{SampleFormat::fltp, ChannelLayout{2, 3}, 48000};

const ScaleOptions half{.width = 32, .height = 24};

/// Frames of two formats in turn, which scale has to notice.
void give_frames(StageTest& test, int count) {
    auto& in = test.input<PooledFrame>();
    for (int i = 0; i < count; ++i)
        in.put(test.frame(i / 2 % 2 ? wide : small, i, static_cast<std::uint8_t>(100 + i)));
}

} // namespace

TEST_CASE("scale gives a frame for each, through changes of format, however its output holds it up",
          "[stages][scale][testing]") {
    const unsigned at_once = GENERATE(1u, 3u);
    const unsigned workers = GENERATE(1u, 2u);
    StageTest test;
    test.workers(workers).quota(1);
    give_frames(test, 9);
    auto& out = test.output<PooledFrame>().eager_until(2).eager_until(3).eager_until(7);
    ScaleOptions options = half;
    options.parallel = at_once;
    const TestResult result = test.run(scale(options));
    CHECK(result.finished);
    CHECK(result.overflows == 0);
    CHECK(result.held == 0);
    CHECK(out.ended());
    const auto frames = out.items();
    REQUIRE(frames.size() == 9);
    for (int i = 0; i < 9; ++i) {
        CHECK(frames[static_cast<std::size_t>(i)].header().pts == i);
        CHECK(frames[static_cast<std::size_t>(i)].format().width == 32);
    }
}

TEST_CASE("scale that gets no memory for a frame fails with that, and keeps none of the others", "[stages][scale][testing]") {
    bool finished = false;
    for (std::size_t which = 1; !finished; ++which) {
        StageTest test;
        test.workers(2).fail_acquire(which);
        give_frames(test, 6);
        test.output<PooledFrame>().eager();
        const TestResult result = test.run(scale(half));
        finished = result.finished;
        CHECK(finished == (which > 6));
        CHECK(result.error.has_value() == !finished);
        CHECK(result.held == 0);
    }
}

TEST_CASE("scale that gets no worker for a frame fails with that, and keeps none of the others", "[stages][scale][testing]") {
    for (std::size_t which = 1; which <= 6; ++which) {
        StageTest test;
        test.workers(2).fail_offload(which);
        give_frames(test, 6);
        test.output<PooledFrame>().eager();
        const TestResult result = test.run(scale(half));
        REQUIRE(result.error);
        CHECK(result.error->stage() == "stage");
        CHECK(result.held == 0);
    }
}

TEST_CASE("scale can be cancelled wherever it waits", "[stages][scale][testing]") {
    bool finished = false;
    for (std::size_t rest = 1; !finished; ++rest) {
        StageTest test;
        test.quota(1).cancel_at_rest(rest);
        give_frames(test, 5);
        test.output<PooledFrame>();
        ScaleOptions options = half;
        options.parallel = 2u;
        const TestResult result = test.run(scale(options));
        finished = result.finished;
        CHECK(result.held == 0);
        REQUIRE(rest < 200);
    }
}

TEST_CASE("scale ends when its reader leaves", "[stages][scale][testing]") {
    StageTest test;
    give_frames(test, 40);
    auto& out = test.output<PooledFrame>().leave_after(3);
    const TestResult result = test.run(scale(half));
    CHECK(result.finished);
    CHECK(out.count() == 3);
    CHECK(result.held == 0);
}

TEST_CASE("resample delivers what is inside at a change of format and at the end", "[stages][resample][testing]") {
    StageTest test;
    auto& in = test.input<PooledSamples>();
    for (int i = 0; i < 10; ++i)
        in.put(test.samples(stereo, 1024, i * 1024));
    AudioFormat mono = stereo;
    mono.layout = ChannelLayout::of(1);
    for (int i = 10; i < 15; ++i)
        in.put(test.samples(mono, 1024, i * 1024));
    auto& out = test.output<PooledSamples>();
    const TestResult result = test.run(resample({.rate = 44100}));
    CHECK(result.finished);
    CHECK(result.held == 0);
    std::int64_t samples = 0;
    for (const PooledSamples& piece : out.items())
        samples += piece.header().count;
    CHECK(samples == 9408 + 4704); // 10240 and 5120 samples, at 44100 / 48000
}

TEST_CASE("resample can be cancelled wherever it waits, and fails without memory", "[stages][resample][testing]") {
    const auto prepare = [](StageTest& test) {
        auto& in = test.input<PooledSamples>();
        for (int i = 0; i < 4; ++i)
            in.put(test.samples(stereo, 1024, i * 1024));
        test.output<PooledSamples>();
    };
    bool finished = false;
    for (std::size_t rest = 1; !finished; ++rest) {
        StageTest test;
        prepare(test);
        const TestResult result = test.quota(1).cancel_at_rest(rest).run(resample({.rate = 44100}));
        finished = result.finished;
        CHECK(result.held == 0);
        REQUIRE(rest < 200);
    }
    StageTest test;
    prepare(test);
    const TestResult result = test.fail_acquire(2, Failure::memory).run(resample({.rate = 44100}));
    REQUIRE(result.error);
    CHECK(result.error->message() == "out of memory");
    CHECK(result.held == 0);
}

TEST_CASE("testsrc without an end ends when nobody reads it, and waits while nobody takes its frames",
          "[stages][testsrc][testing]") {
    SECTION("the reader leaves") {
        StageTest test;
        auto& out = test.output<PooledFrame>().leave_after(5);
        const TestResult result = test.quota(2).run(testsrc({.width = 96, .height = 64}));
        CHECK(result.finished);
        CHECK(result.held == 0);
        const auto frames = out.items();
        REQUIRE(frames.size() == 5);
        for (std::uint32_t i = 0; i < 5; ++i)
            CHECK(read_frame_number(frames[i]) == i);
    }
    SECTION("the reader stops") {
        StageTest test;
        auto& out = test.output<PooledFrame>().credits(3);
        const TestResult result = test.quota(2).run(testsrc({.width = 96, .height = 64}));
        CHECK_FALSE(result.finished);
        CHECK_THAT(result.stuck, Catch::Contains("waiting for"));
        CHECK(out.count() == 3);
        CHECK(result.held == 0);
    }
}
