// Pipelines that are stopped for a while.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <latch>
#include <thread>

using namespace weir;
using support::TestEngine;

namespace {

void until_all_are(const Pipeline& pipeline, const std::string& state) {
    for (;;) {
        bool all = true;
        for (const StageSnapshot& stage : pipeline.snapshot().stages)
            all = all && stage.state == state;
        if (all)
            return;
        std::this_thread::yield();
    }
}

} // namespace

TEST_CASE("a paused pipeline stands still and goes on where it was", "[framework][pause]") {
    const unsigned threads = GENERATE(1u, 2u);
    TestEngine test(threads);
    std::atomic<std::int64_t> next{0};
    std::atomic<bool> in_order{true};
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::endless) >> pipeline.add("map", map([](PooledFrame frame) { return frame; })) >>
        pipeline.add("sink", sink([&](PooledFrame frame) {
                         if (frame.header().pts != next++)
                             in_order = false;
                     }));
    pipeline.start();
    for (int round = 0; round < 20; ++round) {
        const std::int64_t begin = next;
        while (next < begin + 10)
            std::this_thread::yield();
        pipeline.pause();
        CHECK(pipeline.paused());
        until_all_are(pipeline, "paused");
        const std::int64_t stood = next;
        pipeline.pause(); // again is nothing
        for (int i = 0; i < 50; ++i)
            std::this_thread::yield();
        CHECK(next == stood);
        pipeline.resume();
        CHECK_FALSE(pipeline.paused());
    }
    pipeline.drain();
    pipeline.wait();
    CHECK(in_order);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a paused pipeline can be cancelled, drained and destroyed", "[framework][pause][lifecycle]") {
    TestEngine test;
    std::atomic<int> seen{0};
    {
        Pipeline pipeline(test.engine);
        pipeline.add("src", support::endless) >> pipeline.add("sink", sink([&seen](PooledFrame) { ++seen; }));
        pipeline.start();
        while (seen < 10)
            std::this_thread::yield();
        pipeline.pause();
        until_all_are(pipeline, "paused");
        SECTION("cancelled") {
            pipeline.cancel();
            CHECK_THROWS_AS(pipeline.wait(), Cancelled);
        }
        SECTION("drained") {
            pipeline.drain();
            pipeline.wait();
            CHECK(pipeline.snapshot().links.front().items == static_cast<std::uint64_t>(seen));
        }
        SECTION("destroyed") {}
    }
    CHECK(test.frames_out() == 0);
}

TEST_CASE("work on another thread that ends during a pause is not forgotten", "[framework][pause]") {
    TestEngine test;
    std::latch started(1);
    std::latch go(1);
    int result = 0;
    Pipeline pipeline(test.engine);
    pipeline.add("numbers", support::numbers, 1) >> pipeline.add("io", [&](Input<int> in) -> Process {
        while (auto item = co_await in.next())
            result = co_await offload([&] {
                started.count_down();
                go.wait();
                return 42;
            });
    });
    pipeline.start();
    started.wait();
    pipeline.pause();
    go.count_down();
    pipeline.resume();
    pipeline.wait();
    CHECK(result == 42);
}

TEST_CASE("stages that wait for a paused one are no deadlock", "[framework][pause][stall]") {
    TestEngine test(1);
    int count = 0;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("src", support::frames, 500);
    const auto to = pipeline.add("sink", sink([&count](PooledFrame) { ++count; }));
    pipeline.connect(from, to, {.capacity = 1});
    pipeline.set(from, {.quota = 2});
    pipeline.start();
    for (int i = 0; i < 200; ++i) {
        pipeline.pause();
        pipeline.resume();
    }
    pipeline.wait();
    CHECK(count == 500);
    CHECK(test.log->find("overflowed").empty());
}
