// Going on at another time, item by item, and again after the end.
#include <weir/framework/offload.hpp>

#include "support/seeks.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;
using support::check_runs;
using support::frames_from;
using support::Seen;
using support::TestEngine;

namespace {

/// Numbers below `count`, one a second of the stream.
Process numbers_from(Output<int> out, int count) {
    const auto position = this_stage().position();
    for (int i = position ? static_cast<int>(position->time / 1s) : 0; i < count; ++i)
        if (!co_await out.put(i))
            co_return;
}

std::vector<int> from_to(int begin, int end) {
    std::vector<int> result;
    for (int i = begin; i < end; ++i)
        result.push_back(i);
    return result;
}

} // namespace

TEST_CASE("after a seek everything comes from there, once and in order, and nothing from before", "[framework][seek]") {
    const unsigned threads = GENERATE(1u, 2u, 4u);
    TestEngine test(threads);
    Seen seen;
    std::vector<int> places{0};
    Pipeline pipeline(test.engine);
    pipeline.add("src", StageTraits{.seekable = true}, frames_from, 1'000'000) >>
        pipeline.add("map", map([](PooledFrame frame) { return frame; })) >>
        pipeline.add("parallel", parallel(2, [](PooledFrame frame) { return frame; })) >>
        pipeline.add("sink", sink([&seen](PooledFrame frame) { seen.add(static_cast<int>(frame.header().pts)); }));
    pipeline.start();
    for (int i = 0; i < 50; ++i) {
        seen.until(seen.count.load() + static_cast<std::size_t>(i % 7) * 20);
        places.push_back(1000 * ((i * 37) % 50) + 500'000);
        pipeline.seek(std::chrono::seconds(places.back()));
    }
    seen.until(seen.count.load() + 10);
    pipeline.drain();
    pipeline.wait();
    check_runs(seen.all(), places);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("what had ended lives again", "[framework][seek]") {
    TestEngine test;
    Event go_on("go on");
    Seen seen;
    Seen tail;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("src", StageTraits{.seekable = true}, numbers_from, 10);
    // This one keeps the pipeline from being over.
    from >> pipeline.add("slow", [&](Input<int> in) -> Process {
        while (auto item = co_await in.next()) {
            if (*item == 9)
                co_await until(go_on);
            tail.add(*item);
        }
    });
    from >> pipeline.add("map", map([](int i) { return i; })) >> pipeline.add("sink", sink([&seen](int i) { seen.add(i); }));
    pipeline.start();
    const auto all_but_slow_ended = [&] {
        for (const StageSnapshot& stage : pipeline.snapshot().stages)
            if (stage.name != "slow" && stage.state != "finished")
                return false;
        return true;
    };
    while (!all_but_slow_ended())
        std::this_thread::yield();
    pipeline.seek(4s);
    while (!all_but_slow_ended())
        std::this_thread::yield();
    pipeline.seek(8s);
    go_on.set();
    pipeline.wait();
    std::vector<int> expected = from_to(0, 10);
    for (const int place : {4, 8})
        for (const int i : from_to(place, 10))
            expected.push_back(i);
    CHECK(seen.all() == expected);
    CHECK(tail.all().back() == 9);
}

TEST_CASE("a stage that cannot go elsewhere refuses the seek, says why, and nothing has happened", "[framework][seek]") {
    TestEngine test;
    Seen seen;
    Pipeline pipeline(test.engine);
    pipeline.add("src", numbers_from, 1'000'000) >> pipeline.add("sink", sink([&seen](int i) { seen.add(i); }));
    CHECK_THROWS_WITH(pipeline.seek(1s), Catch::Contains("not running"));
    pipeline.start();
    seen.until(100);
    CHECK_THROWS_WITH(pipeline.seek(1s), Catch::Contains("cannot seek: src: it is a source"));
    CHECK_THROWS_AS(pipeline.seek(-1s), std::invalid_argument);
    pipeline.drain();
    pipeline.wait();
    const std::vector<int> items = seen.all();
    CHECK(items == from_to(0, static_cast<int>(items.size())));
    CHECK_THROWS_WITH(pipeline.seek(1s), Catch::Contains("not running"));
}

namespace {

struct FailingSource {
    int* seeks;
    [[nodiscard]] std::string refuses_seek() const { return {}; }
    void seek(const Position&) {
        if (++*seeks == 2)
            throw std::runtime_error("the tape is torn");
    }
    Process operator()(Output<int> out) {
        for (int i = 0;; ++i)
            if (!co_await out.put(i))
                co_return;
    }
};

} // namespace

TEST_CASE("a source that fails to go there ends the pipeline with its error", "[framework][seek]") {
    TestEngine test;
    int seeks = 0;
    Pipeline pipeline(test.engine);
    pipeline.add("tape", FailingSource{&seeks}) >> pipeline.add("sink", sink([](int) {}));
    pipeline.start();
    pipeline.seek(1s);
    CHECK_THROWS_WITH(pipeline.seek(2s), Catch::Contains("tape") && Catch::Contains("the tape is torn"));
    CHECK_THROWS_AS(pipeline.wait(), Error);
}

TEST_CASE("work on other threads is finished before a seek goes on, and on_end is told", "[framework][seek][offload]") {
    TestEngine test;
    std::atomic<int> working{0};
    std::atomic<int> begun{0};
    std::atomic<int> seeks{0};
    std::atomic<int> ends{0};
    Pipeline pipeline(test.engine);
    pipeline.add("src", StageTraits{.seekable = true}, numbers_from, 1'000'000) >>
        pipeline.add("io",
                     [&](Input<int> in, Output<int> out) -> Process {
                         CHECK(working.load() == 0);
                         this_stage().on_end([&](EndReason reason) { ++(reason == EndReason::seek ? seeks : ends); });
                         while (auto item = co_await in.next()) {
                             co_await offload([&] {
                                 ++working;
                                 ++begun;
                                 std::this_thread::yield();
                                 --working;
                             });
                             if (!co_await out.put(*item))
                                 co_return;
                         }
                     }) >>
        pipeline.add("sink", sink([](int) {}));
    pipeline.start();
    for (int i = 0; i < 10; ++i) {
        for (const int so_far = begun.load(); begun.load() == so_far;)
            std::this_thread::yield();
        pipeline.seek(std::chrono::seconds(i));
    }
    for (const int so_far = begun.load(); begun.load() == so_far;)
        std::this_thread::yield();
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(seeks.load() == 10);
    CHECK(ends.load() == 1);
}

TEST_CASE("a paused pipeline stays paused over a seek, and goes on item by item", "[framework][seek][pause]") {
    const unsigned threads = GENERATE(1u, 2u);
    TestEngine test(threads);
    Seen seen;
    Seen other;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("src", StageTraits{.seekable = true}, [](Output<int> out) {
        return numbers_from(out, this_stage().position() ? 1000 : 100'000'000); // not over before it is paused
    });
    from >> pipeline.add("map", map([](int i) { return i; })) >> pipeline.add("sink", sink([&seen](int i) { seen.add(i); }));
    from >> pipeline.add("other", [&other](Input<int> in) -> Process {
        while (auto item = co_await in.next()) {
            co_await offload([&other, item] { other.add(*item); });
        }
    });
    CHECK_THROWS_WITH(pipeline.step(), Catch::Contains("not paused"));
    pipeline.start();
    pipeline.pause();
    pipeline.seek(100s);
    const std::size_t before = seen.count.load();
    const std::size_t other_before = other.count.load();
    pipeline.step();
    CHECK(seen.count.load() == before + 1);
    CHECK(seen.all().back() == 100);
    CHECK(other.count.load() == other_before + 1);
    pipeline.step(3);
    CHECK(seen.all().back() == 103);
    CHECK(other.all().back() == 103);
    CHECK(seen.count.load() == before + 4);
    CHECK(pipeline.paused());
    pipeline.step(2000); // to the end
    pipeline.wait();
    CHECK(seen.all().back() == 999);
    CHECK(other.all().back() == 999);
}

TEST_CASE("a step does not wait for what comes only when another sink takes more", "[framework][seek][pause]") {
    const unsigned threads = GENERATE(1u, 2u);
    TestEngine test(threads);
    Seen all;
    Seen some;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("src", StageTraits{.seekable = true}, [](Output<PooledFrame> out) {
        return frames_from(out, this_stage().position() ? 1000 : 100'000'000); // not over before it is paused
    });
    const auto record = [](Seen& seen) {
        return sink([&seen](const PooledFrame& frame) { seen.add(static_cast<int>(frame.header().pts)); });
    };
    from >> pipeline.add("all", record(all));
    from >> pipeline.add("few", filter([](const PooledFrame& frame) { return frame.header().pts % 100 == 0; })) >>
        pipeline.add("some", record(some));
    pipeline.start();
    pipeline.pause();
    pipeline.seek(0s);
    const std::size_t before = all.count.load();
    const std::size_t some_before = some.count.load();
    pipeline.step();
    CHECK(all.count.load() == before + 1);
    CHECK(some.count.load() == some_before + 1);
    for (std::size_t i = 2; i <= 250; ++i) {
        pipeline.step();
        CHECK(all.count.load() == before + i);
    }
    CHECK(some.count.load() == some_before + 3);
    for (const LinkSnapshot& link : pipeline.snapshot().links)
        CHECK(link.overflows == 0);
    pipeline.resume();
    pipeline.wait();
    CHECK(all.all().back() == 999);
    CHECK(some.all().back() == 900);
    CHECK(all.count.load() == before + 1000);
}

TEST_CASE("a step that waits for the application ends when the pipeline goes on", "[framework][seek][pause]") {
    TestEngine test;
    Event go("go");
    Pipeline pipeline(test.engine);
    pipeline.add("src",
                 [&go](Output<int> out) -> Process {
                     co_await until(go);
                     co_await out.put(1);
                 }) >>
        pipeline.add("sink", sink([](int) {}));
    pipeline.start();
    pipeline.pause();
    std::atomic<bool> stepping{false};
    std::thread stepper([&] {
        stepping.store(true);
        try {
            pipeline.step();
        } catch (const GraphError&) { // it came too late
        }
    });
    while (!stepping.load())
        std::this_thread::yield();
    const bool cancel = GENERATE(true, false);
    if (cancel)
        pipeline.cancel();
    else
        pipeline.resume();
    stepper.join();
    go.set();
    if (cancel)
        CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    else
        pipeline.wait();
}

TEST_CASE("cancel and drain end a pipeline in the middle of a seek", "[framework][seek]") {
    const bool drain = GENERATE(true, false);
    for (int i = 0; i < 30; ++i) {
        TestEngine test(2);
        Pipeline pipeline(test.engine);
        pipeline.add("src", StageTraits{.seekable = true}, frames_from, 1'000'000) >>
            pipeline.add("io",
                         [](Input<PooledFrame> in, Output<PooledFrame> out) -> Process {
                             while (auto item = co_await in.next()) {
                                 co_await offload([] { std::this_thread::yield(); });
                                 if (!co_await out.put(std::move(*item)))
                                     co_return;
                             }
                         }) >>
            pipeline.add("sink", sink([](PooledFrame) {}));
        pipeline.start();
        std::atomic<int> seeks{0};
        std::thread seeker([&] {
            try {
                for (int place = 0;; ++place, ++seeks)
                    pipeline.seek(std::chrono::seconds(place));
            } catch (const GraphError&) { // it is being drained, or over
            } catch (const Cancelled&) {
            }
        });
        while (seeks.load() < i) // the next one is under way
            std::this_thread::yield();
        if (drain) {
            pipeline.drain();
            pipeline.wait();
        } else {
            pipeline.cancel();
            CHECK_THROWS_AS(pipeline.wait(), Cancelled);
        }
        seeker.join();
        CHECK(test.frames_out() == 0);
    }
}

TEST_CASE("what an error policy makes anew and a seek do not disturb each other", "[framework][seek][errors]") {
    TestEngine test;
    Seen seen;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("src", StageTraits{.seekable = true}, numbers_from, 1'000'000);
    const auto bad = pipeline.add("bad", [](Input<int> in, Output<int> out) -> Process {
        while (auto item = co_await in.next()) {
            if (*item % 50 == 49)
                throw std::runtime_error("bad");
            if (!co_await out.put(*item))
                co_return;
        }
    });
    pipeline.set(bad, {.on_error = ErrorPolicy::restart(1'000'000, 0s)});
    from >> bad >> pipeline.add("sink", sink([&seen](int i) { seen.add(i); }));
    pipeline.start();
    for (int i = 0; i < 20; ++i) {
        seen.until(seen.count.load() + 60);
        pipeline.seek(std::chrono::seconds(1000 * i));
    }
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
}

TEST_CASE("a pipeline runs again after its end, whatever that was", "[framework][seek][lifecycle]") {
    TestEngine test;
    Seen seen;
    bool fails = false;
    int ends = 0;
    Pipeline pipeline(test.engine);
    pipeline.on_end([&ends](EndReason) { ++ends; });
    pipeline.add("src", StageTraits{.seekable = true}, frames_from, 200) >>
        pipeline.add("map", map([&fails](PooledFrame frame) {
                         if (fails && frame.header().pts == 50)
                             throw std::runtime_error("no good");
                         return frame;
                     })) >>
        pipeline.add("sink", sink([&seen](PooledFrame frame) { seen.add(static_cast<int>(frame.header().pts)); }));
    const std::string wiring = [&] {
        pipeline.run();
        return pipeline.describe();
    }();
    CHECK(seen.all() == from_to(0, 200));
    fails = true;
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("no good"));
    fails = false;
    pipeline.start();
    pipeline.cancel();
    try {
        pipeline.wait(); // it may have been too late
    } catch (const Cancelled&) {
    }
    seen.items.clear();
    pipeline.run();
    CHECK(seen.all() == from_to(0, 200));
    CHECK(pipeline.describe() == wiring);
    CHECK(ends == 4);
    CHECK(test.frames_out() == 0);
}
