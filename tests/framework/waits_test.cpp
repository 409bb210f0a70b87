// Waiting for a time, for the first of several things, and for calls on several workers.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct ClockedEngine {
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    support::TestEngine test{2, 10s, clock};
    Engine& engine = test.engine;
};

Process every(Output<int> out, std::chrono::nanoseconds period, int count) {
    Clock::Time due = this_stage().clock().now();
    for (int i = 0; i < count; ++i) {
        co_await sleep_until(due += period);
        if (!co_await out.put(i))
            co_return;
    }
}

} // namespace

TEST_CASE("a stage sleeps until its time by the engine's clock and not longer", "[framework][time]") {
    ClockedEngine test;
    std::atomic<int> seen{0};
    Pipeline pipeline(test.engine);
    pipeline.add("every", every, 10ms, 3) >> pipeline.add("sink", sink([&seen](int) { ++seen; }));
    pipeline.start();
    for (int i = 0; i < 3; ++i) {
        support::until_state(pipeline, "every", "waiting for its time");
        CHECK(seen == i);
        test.clock->advance(9ms);
        support::until_state(pipeline, "every", "waiting for its time");
        CHECK(seen == i);
        test.clock->advance(1ms);
        while (seen == i)
            std::this_thread::yield();
    }
    pipeline.wait();
    CHECK(seen == 3);
}

TEST_CASE("a stage that sleeps is cancelled at once", "[framework][time]") {
    support::TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("every", every, 1h, 3) >> pipeline.add("sink", sink([](int) {}));
    pipeline.start();
    support::until_state(pipeline, "every", "waiting for its time");
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
}

TEST_CASE("many sleep at once by the machine's clock, none goes early, and a thread each is not needed", "[framework][time]") {
    support::TestEngine test(1);
    constexpr int sleepers = 50;
    std::atomic<int> early{0};
    std::atomic<int> woken{0};
    Pipeline pipeline(test.engine);
    for (int i = 0; i < sleepers; ++i)
        pipeline.add(
            "sleeper" + std::to_string(i),
            [&early, &woken](Output<int> out, int number) -> Process {
                for (int round = 0; round < 20; ++round) {
                    const auto due = this_stage().clock().now() + std::chrono::microseconds(100 * (number % 7));
                    co_await sleep_until(due);
                    if (this_stage().clock().now() < due)
                        ++early;
                    ++woken;
                }
                co_await out.put(number);
            },
            i) >>
            pipeline.add("sink" + std::to_string(i), sink([](int) {}));
    pipeline.run();
    CHECK(early == 0);
    CHECK(woken == 20 * sleepers);
}

TEST_CASE("any gives each of several inputs its turn and misses nothing", "[framework][any]") {
    const unsigned threads = GENERATE(1u, 2u);
    support::TestEngine test(threads);
    constexpr int count = 5'000;
    Pipeline pipeline(test.engine);
    std::vector<int> left;
    std::vector<int> right;
    const auto merge = [&](Input<int> a, Input<int> b) -> Process {
        bool more_a = true;
        bool more_b = true;
        while (more_a && more_b) {
            if (co_await any(a, b) == 0) {
                const auto item = co_await a.next();
                more_a = item.has_value();
                if (item)
                    left.push_back(*item);
            } else {
                const auto item = co_await b.next();
                more_b = item.has_value();
                if (item)
                    right.push_back(*item);
            }
        }
        while (const auto item = co_await a.next())
            left.push_back(*item);
        while (const auto item = co_await b.next())
            right.push_back(*item);
    };
    const auto both = pipeline.add("merge", merge);
    pipeline.add("a", support::numbers, count) >> both["in0"];
    pipeline.add("b", support::numbers, count) >> both["in1"];
    pipeline.run();
    REQUIRE(left.size() == count);
    REQUIRE(right.size() == count);
    for (int i = 0; i < count; ++i)
        REQUIRE((left[static_cast<std::size_t>(i)] == i && right[static_cast<std::size_t>(i)] == i));
}

TEST_CASE("any of an input and a time: a source that is late is noticed", "[framework][any][time]") {
    ClockedEngine test;
    std::atomic<int> late{0};
    std::atomic<int> items{0};
    Event go("go");
    Pipeline pipeline(test.engine);
    pipeline.add("source",
                 [&go](Output<int> out) -> Process {
                     co_await until(go);
                     co_await out.put(1);
                 }) >>
        pipeline.add("watch", [&](Input<int> in) -> Process {
            for (;;) {
                if (co_await any(in, sleep_for(10ms)) == 1) {
                    ++late;
                    continue;
                }
                if (!co_await in.next())
                    co_return;
                ++items;
            }
        });
    pipeline.start();
    for (int i = 0; i < 3; ++i) {
        support::until_state(pipeline, "watch", "waiting for its time");
        test.clock->advance(10ms);
        while (late == i)
            std::this_thread::yield();
    }
    go.set();
    pipeline.wait();
    CHECK(late == 3);
    CHECK(items == 1);
}

TEST_CASE("a stage that waits for any of several stuck ones is part of the deadlock", "[framework][any][stall]") {
    support::TestEngine test;
    Pipeline pipeline(test.engine);
    const auto loop = [](Input<int> a, Input<int> b, Output<int> out) -> Process {
        for (;;) {
            const auto which = co_await any(a, b);
            const auto item = which == 0 ? co_await a.next() : co_await b.next();
            if (!item)
                co_return;
            co_await out.put(*item);
        }
    };
    const auto one = pipeline.add("one", loop);
    const auto two = pipeline.add("two", map([](int i) { return i; }));
    const auto nothing = pipeline.add("nothing", [](Input<int> in, Output<int> out) -> Process {
        while (const auto item = co_await in.next())
            co_await out.put(*item);
    });
    one >> two;
    pipeline.connect(two, one["in0"], {.feedback = true});
    pipeline.connect(two, nothing, {});
    pipeline.connect(nothing, one["in1"], {.feedback = true});
    CHECK_THROWS_AS(pipeline.run(), Deadlock);
}

TEST_CASE("parallel keeps the order, runs several calls at once and no more", "[framework][parallel]") {
    const unsigned threads = GENERATE(1u, 2u, 4u);
    const std::size_t calls = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{5});
    support::TestEngine test(threads);
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    std::vector<std::unique_ptr<int>> seen;
    Pipeline pipeline(test.engine);
    pipeline.add("numbers", support::numbers, 500) >>
        pipeline.add("double", parallel(calls,
                                        [&](int i) {
                                            const int running = ++now;
                                            for (int before = most;
                                                 before < running && !most.compare_exchange_weak(before, running);) {
                                            }
                                            if (i % 3 == 0)
                                                std::this_thread::yield();
                                            --now;
                                            return std::make_unique<int>(2 * i);
                                        })) >>
        pipeline.add("sink", sink([&seen](std::unique_ptr<int> i) { seen.push_back(std::move(i)); }));
    pipeline.run();
    REQUIRE(seen.size() == 500);
    for (std::size_t i = 0; i < seen.size(); ++i)
        REQUIRE(*seen[i] == 2 * static_cast<int>(i));
    CHECK(most <= static_cast<int>(std::min<std::size_t>(calls, threads + 1)));
}

TEST_CASE("what a parallel call throws ends the pipeline, after what came before it", "[framework][parallel]") {
    support::TestEngine test;
    std::vector<int> seen;
    Pipeline pipeline(test.engine);
    pipeline.add("numbers", support::numbers, 100) >> pipeline.add("some", parallel(3,
                                                                                    [](int i) {
                                                                                        if (i == 20)
                                                                                            throw std::runtime_error("twenty");
                                                                                        return i;
                                                                                    })) >>
        pipeline.add("sink", sink([&seen](int i) { seen.push_back(i); }));
    try {
        pipeline.run();
        FAIL("it went on");
    } catch (const Error& error) {
        CHECK_THAT(error.what(), Catch::Contains("some") && Catch::Contains("twenty"));
    }
    for (std::size_t i = 0; i < seen.size(); ++i)
        CHECK(seen[i] == static_cast<int>(i));
    CHECK(seen.size() <= 20);
    CHECK_THROWS_AS(parallel(0, [](int i) { return i; }), std::invalid_argument);
}

TEST_CASE("a parallel stage is cancelled and drained with calls under way, and frames come home", "[framework][parallel]") {
    support::TestEngine test;
    const bool drained = GENERATE(true, false);
    std::atomic<int> calls{0};
    Pipeline pipeline(test.engine);
    pipeline.add("frames", support::frames, 1'000'000) >> pipeline.add("same", parallel(2,
                                                                                        [&calls](PooledFrame frame) {
                                                                                            ++calls;
                                                                                            return frame;
                                                                                        })) >>
        pipeline.add("sink", sink([](PooledFrame) {}));
    pipeline.start();
    while (calls < 100)
        std::this_thread::yield();
    if (drained) {
        pipeline.drain();
        pipeline.wait();
    } else {
        pipeline.cancel();
        CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    }
    CHECK(test.frames_out() == 0);
}
