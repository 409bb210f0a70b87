// Items from the application and to it.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <latch>
#include <numeric>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;
using support::TestEngine;
using support::until_state;

TEST_CASE("what the application pushes comes out of the stage, in order, up to the end", "[framework][application]") {
    const unsigned threads = GENERATE(1u, 2u);
    TestEngine test(threads);
    ItemSource<int> source("numbers", 4);
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    pipeline.add("source", source.stage()) >> pipeline.add("sink", sink([&got](int i) { got.push_back(i); }));
    pipeline.start();
    for (int i = 0; i < 5000; ++i)
        REQUIRE(source.push(i) == Pushed::yes);
    source.end();
    pipeline.wait();
    std::vector<int> expected(5000);
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(got == expected);
    CHECK(source.push(1) == Pushed::closed);
}

TEST_CASE("a source that is full says so, and tells when there is room", "[framework][application]") {
    TestEngine test;
    ItemSource<int> source("numbers", 2);
    int first = 1;
    int second = 2;
    int third = 3;
    CHECK(source.try_push(first) == Pushed::yes); // before anything runs
    CHECK(source.try_push(second) == Pushed::yes);
    CHECK(source.try_push(third) == Pushed::full);
    CHECK(third == 3);
    CHECK(source.size() == 2);
    CHECK(source.push(third, 1ms) == Pushed::full);
    std::latch room(1);
    std::atomic<bool> once{false};
    source.on_room([&] {
        if (!once.exchange(true))
            room.count_down();
    });
    int sum = 0;
    Pipeline pipeline(test.engine);
    pipeline.add("source", source.stage()) >> pipeline.add("sink", sink([&sum](int i) { sum += i; }));
    pipeline.start();
    room.wait();
    CHECK(source.push(third) == Pushed::yes);
    source.end();
    pipeline.wait();
    CHECK(sum == 6);
}

TEST_CASE("several threads push at once, and nothing is lost or doubled", "[framework][application][stress]") {
    TestEngine test;
    ItemSource<int> source("numbers", 3);
    std::vector<int> seen(4000, 0);
    Pipeline pipeline(test.engine);
    pipeline.add("source", source.stage()) >>
        pipeline.add("sink", sink([&seen](int i) { ++seen[static_cast<std::size_t>(i)]; }));
    pipeline.start();
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&source, t] {
                for (int i = 0; i < 1000; ++i)
                    if (source.push(t * 1000 + i) != Pushed::yes)
                        return;
            });
    }
    source.end();
    pipeline.wait();
    CHECK(seen == std::vector<int>(4000, 1));
}

TEST_CASE("a thread that pushes is let go when the pipeline is cancelled, and its frames come back",
          "[framework][application]") {
    TestEngine test;
    FrameSource source("camera", 2);
    Event never("never");
    BasicFramePool pool = test.engine.registry().frames(support::small);
    pool.add_demand(8);
    Pipeline pipeline(test.engine);
    pipeline.add("camera", source.stage()) >>
        pipeline.add("stuck", [&never](Input<PooledFrame>) -> Process { co_await until(never); });
    pipeline.start();
    std::jthread pusher([&] {
        for (;;) {
            PooledFrame frame = pool.try_acquire();
            if (frame && source.push(std::move(frame)) == Pushed::closed)
                return;
        }
    });
    until_state(pipeline, "camera", "waiting for room");
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    pusher.join();
    CHECK(test.frames_out() == 0);
}

TEST_CASE("the application pulls what reaches the sink, and the pipeline waits for it", "[framework][application]") {
    const unsigned threads = GENERATE(1u, 2u);
    TestEngine test(threads);
    FrameSink frames("screen", 2);
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::frames, 50) >> pipeline.add("screen", frames.stage());
    pipeline.start();
    until_state(pipeline, "screen", "room in screen");
    CHECK(frames.size() == 2);
    std::int64_t expected = 0;
    while (auto frame = frames.pull())
        CHECK(frame->header().pts == expected++);
    CHECK(expected == 50);
    CHECK(frames.ended());
    pipeline.wait();
    CHECK(test.frames_out() == 0);
    CHECK(pipeline.snapshot().ports.front().overflows == 0);
}

TEST_CASE("pulling gives up after its time, and says that the stream has not ended", "[framework][application]") {
    TestEngine test;
    ItemSource<int> source("numbers");
    ItemSink<int> sink("numbers");
    Pipeline pipeline(test.engine);
    pipeline.add("source", source.stage()) >> pipeline.add("sink", sink.stage());
    pipeline.start();
    CHECK_FALSE(sink.try_pull());
    CHECK_FALSE(sink.pull(1ms));
    CHECK_FALSE(sink.ended());
    CHECK(source.push(7) == Pushed::yes);
    CHECK(sink.pull() == 7);
    source.end();
    CHECK_FALSE(sink.pull());
    CHECK(sink.ended());
    pipeline.wait();
}

TEST_CASE("an application that wants no more closes its sink, and the pipeline ends", "[framework][application]") {
    TestEngine test;
    FrameSink frames("screen", 1);
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::frames, 1'000'000) >> pipeline.add("screen", frames.stage());
    pipeline.start();
    CHECK(frames.pull());
    frames.close();
    pipeline.wait();
    CHECK_FALSE(frames.pull());
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a call that would block in a stage's body is refused", "[framework][application]") {
    TestEngine test;
    ItemSink<int> never("numbers");
    Pipeline pipeline(test.engine);
    pipeline.add("src", source([&never, first = true]() mutable -> std::optional<int> {
                     if (!std::exchange(first, false))
                         return std::nullopt;
                     return never.pull();
                 })) >>
        pipeline.add("sink", sink([](int) {}));
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("body of stage 'src'"));
}

TEST_CASE("who waits at either end is let go when a pipeline is cancelled before its first step", "[framework][application]") {
    TestEngine test(1);
    std::latch busy(1);
    std::latch go(1);
    Pipeline other(test.engine); // has the only worker
    other.add("gate",
              [&](Output<int>) -> Process {
                  busy.count_down();
                  go.wait();
                  co_return;
              }) >>
        other.add("sink", sink([](int) {}));
    other.start();
    busy.wait();

    ItemSource<int> source("numbers", 1);
    ItemSink<int> results("results", 1);
    Pipeline pipeline(test.engine);
    pipeline.add("source", source.stage()) >> pipeline.add("sink", results.stage());
    pipeline.start();
    Pushed last = Pushed::yes;
    std::optional<int> pulled = 1;
    std::jthread pusher([&] {
        while (last == Pushed::yes)
            last = source.push(1);
    });
    std::jthread puller([&] { pulled = results.pull(); });
    pipeline.cancel();
    go.count_down();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    pusher.join();
    puller.join();
    CHECK(last == Pushed::closed);
    CHECK_FALSE(pulled);
    other.wait();
}
