// Media at the time it is due, by a clock that the test sets.
#include <weir/framework/item_source.hpp>
#include <weir/framework/pipeline.hpp>
#include <weir/stages/pace.hpp>
#include <weir/stages/testsrc.hpp>
#include <weir/stages/tone.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;

namespace {

/// An engine whose time stands still.
struct Still {
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    Engine engine{[this] {
        EngineConfig config;
        config.threads = 2;
        config.clock = clock;
        return config;
    }()};
};

const StageSnapshot& stage(const Snapshot& snapshot, const std::string& name) {
    for (const StageSnapshot& each : snapshot.stages)
        if (each.name == name)
            return each;
    throw std::logic_error("no stage " + name);
}

/// Until `name` sleeps and nothing else is about to happen.
void until_asleep(const Pipeline& pipeline, const std::string& name) {
    while (stage(pipeline.snapshot(), name).state.rfind("waiting for its time", 0) != 0)
        std::this_thread::yield();
}

/// A picture a second without an end, paced and counted.
void add_seconds(Pipeline& pipeline, std::atomic<int>& count) {
    pipeline.add("src", testsrc({.width = 16, .height = 16, .rate = {1, 1}})) >> pipeline.add("pace", pace()) >>
        pipeline.add("sink", sink([&count](PooledFrame) { ++count; }));
}

} // namespace

TEST_CASE("pictures go on one by one as they are due", "[stages][pace]") {
    Still still;
    const double speed = GENERATE(1.0, 2.0);
    std::atomic<int> count{0};
    Pipeline pipeline(still.engine);
    pipeline.add("src", testsrc({.width = 16, .height = 16, .rate = {25, 1}, .frames = 10})) >>
        pipeline.add("pace", pace({.speed = speed})) >> pipeline.add("sink", sink([&count](PooledFrame) { ++count; }));
    pipeline.start();
    for (int i = 1; i < 10; ++i) {
        until_asleep(pipeline, "pace");
        while (count.load() < i)
            std::this_thread::yield();
        CHECK(count.load() == i);
        still.clock->advance(std::chrono::duration_cast<std::chrono::nanoseconds>(39ms / speed));
        until_asleep(pipeline, "pace");
        CHECK(count.load() == i);
        still.clock->advance(std::chrono::duration_cast<std::chrono::nanoseconds>(1ms / speed));
        while (count.load() < i + 1)
            std::this_thread::yield();
    }
    pipeline.wait();
    CHECK(count.load() == 10);
    CHECK(stage(pipeline.snapshot(), "pace").counters.at("late") == 0);
}

TEST_CASE("what comes late goes on, is left out, or restarts the clock, and is counted", "[stages][pace]") {
    const auto late = GENERATE(PaceOptions::Late::pass, PaceOptions::Late::drop, PaceOptions::Late::restart);
    CAPTURE(static_cast<int>(late));
    Still still;
    std::atomic<int> count{0};
    FrameSource source("in", 20);
    const VideoFormat format{16, 16, PixelFormat::gray8};
    const auto push = [&](int seconds) {
        auto pool = still.engine.registry().frames(format);
        pool.add_demand(1);
        PooledFrame frame = pool.try_acquire();
        frame.header().pts = seconds;
        frame.header().time_base = {1, 1};
        CHECK(source.push(std::move(frame)) == Pushed::yes);
    };
    Pipeline pipeline(still.engine);
    pipeline.add("in", source.stage()) >> pipeline.add("pace", pace({.max_late = 0.5, .late = late})) >>
        pipeline.add("sink", sink([&count](PooledFrame) { ++count; }));
    pipeline.start();
    push(0);
    while (count.load() < 1)
        std::this_thread::yield();
    still.clock->advance(3s);
    push(1); // two seconds late
    push(2); // one; or a second early
    push(4); // a second early; or three
    until_asleep(pipeline, "pace");
    const auto counters = [&] { return stage(pipeline.snapshot(), "pace").counters; };
    CHECK(counters().at("latest us") == 2'000'000);
    switch (late) {
    case PaceOptions::Late::pass:
        while (count.load() < 3)
            std::this_thread::yield();
        CHECK(counters().at("late") == 2);
        break;
    case PaceOptions::Late::drop:
        CHECK(counters().at("late") == 2);
        CHECK(count.load() == 1);
        break;
    case PaceOptions::Late::restart:
        while (count.load() < 2)
            std::this_thread::yield();
        CHECK(counters().at("late") == 1);
        still.clock->advance(1s);
        while (count.load() < 3)
            std::this_thread::yield();
        break;
    }
    source.end();
    still.clock->advance(10s);
    pipeline.wait();
}

TEST_CASE("the streams of a pipeline are paced together", "[stages][pace]") {
    Still still;
    std::atomic<int> pictures{0};
    std::atomic<std::uint64_t> samples{0};
    Pipeline pipeline(still.engine);
    pipeline.add("src", testsrc({.width = 16, .height = 16, .rate = {10, 1}, .frames = 20})) >> pipeline.add("pace", pace()) >>
        pipeline.add("end", sink([&](PooledFrame) { ++pictures; }));
    pipeline.add("tone", tone({.rate = 1000, .duration = 2, .frame = 100})) >> pipeline.add("pace too", pace()) >>
        pipeline.add("sound", sink([&](PooledSamples piece) { samples += piece.header().count; }));
    pipeline.start();
    for (int tenths = 0; tenths < 19; ++tenths) {
        while (pictures.load() < tenths + 1 || samples.load() < static_cast<std::uint64_t>(tenths + 1) * 100)
            std::this_thread::yield();
        until_asleep(pipeline, "pace");
        until_asleep(pipeline, "pace too");
        CHECK(pictures.load() == tenths + 1);
        CHECK(samples.load() == static_cast<std::uint64_t>(tenths + 1) * 100);
        still.clock->advance(100ms);
    }
    pipeline.wait();
}

TEST_CASE("a pause is no lateness, and a seek begins anew", "[stages][pace]") {
    Still still;
    std::atomic<int> count{0};
    Pipeline pipeline(still.engine);
    add_seconds(pipeline, count);
    pipeline.start();
    until_asleep(pipeline, "pace");
    pipeline.pause();
    still.clock->advance(100s);
    pipeline.resume();
    until_asleep(pipeline, "pace");
    CHECK(count.load() <= 1);
    pipeline.seek(1000s);
    while (count.load() < 2)
        std::this_thread::yield();
    until_asleep(pipeline, "pace");
    CHECK(stage(pipeline.snapshot(), "pace").counters.at("late") == 0);
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
}

TEST_CASE("what is stepped through and sought in a pause is in time, and so is what follows", "[stages][pace]") {
    Still still;
    std::atomic<int> count{0};
    Pipeline pipeline(still.engine);
    add_seconds(pipeline, count);
    pipeline.start();
    until_asleep(pipeline, "pace");
    pipeline.pause();
    still.clock->advance(60s);
    pipeline.seek(100s);
    pipeline.step();
    const int shown = count.load();
    still.clock->advance(60s);
    pipeline.resume();
    until_asleep(pipeline, "pace"); // it is not due at once,
    CHECK(count.load() == shown);
    still.clock->advance(1s); // but not much later either
    while (count.load() == shown)
        std::this_thread::yield();
    CHECK(stage(pipeline.snapshot(), "pace").counters.at("late") == 0);
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
}

TEST_CASE("the speed can be changed while media goes through", "[stages][pace][live]") {
    Still still;
    std::atomic<int> count{0};
    Pipeline pipeline(still.engine);
    add_seconds(pipeline, count);
    pipeline.start();
    until_asleep(pipeline, "pace"); // the second, until a second has gone
    pipeline.set_option("pace", "speed", "10");
    still.clock->advance(1s);
    while (count.load() < 3) // the third is due at once, and all others from there on
        std::this_thread::yield();
    for (int i = 3; i < 10; ++i) {
        until_asleep(pipeline, "pace");
        CHECK(count.load() == i);
        still.clock->advance(100ms);
        while (count.load() < i + 1)
            std::this_thread::yield();
    }
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
}
