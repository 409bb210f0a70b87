// What becomes of a pipeline when a stage fails, by the stage's policy.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cmath>
#include <numeric>
#include <stdexcept>

using namespace weir;
using namespace std::chrono_literals;
using support::TestEngine;

namespace {

int fail_at_multiples_of_10(int i) {
    if (i % 10 == 0)
        throw std::runtime_error("cannot do " + std::to_string(i));
    return i;
}

std::vector<int> without_multiples_of_10(int end) {
    std::vector<int> values;
    for (int i = 0; i < end; ++i)
        if (i % 10 != 0)
            values.push_back(i);
    return values;
}

const StageSnapshot& stage_of(const Snapshot& snapshot, const std::string& name) {
    for (const StageSnapshot& stage : snapshot.stages)
        if (stage.name == name)
            return stage;
    throw std::logic_error("no stage " + name);
}

/// Passes items on and fails at multiples of 10, which are lost with it.
Process failing_pass(Input<int> in, Output<int> out) {
    while (auto item = co_await in.next())
        if (!co_await out.put(fail_at_multiples_of_10(*item)))
            co_return;
}

} // namespace

TEST_CASE("map, filter, sink and parallel leave out the item they fail on if they are to skip", "[framework][errors]") {
    const unsigned threads = GENERATE(1u, 2u);
    const int kind = GENERATE(0, 1, 2, 3);
    TestEngine test(threads);
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("numbers", support::numbers, 100);
    const StageOptions skip{.on_error = ErrorPolicy::skip()};
    const auto add_sink = [&] { return pipeline.add("sink", sink([&got](int i) { got.push_back(i); })); };
    const auto through = [&](auto shape) {
        const auto stage = pipeline.add("failing", std::move(shape));
        pipeline.set(stage, skip);
        from >> stage >> add_sink();
    };
    if (kind == 0) {
        through(map(fail_at_multiples_of_10));
    } else if (kind == 1) {
        through(filter([](const int& i) { return fail_at_multiples_of_10(i) >= 0; }));
    } else if (kind == 2) {
        through(parallel(3, fail_at_multiples_of_10));
    } else {
        const auto stage = pipeline.add("failing", sink([&got](int i) { got.push_back(fail_at_multiples_of_10(i)); }));
        pipeline.set(stage, skip);
        from >> stage;
    }
    pipeline.run();
    CHECK(got == without_multiples_of_10(100));
    CHECK(stage_of(pipeline.snapshot(), "failing").errors == 10);
    CHECK_FALSE(test.log->find("failing: skipped: cannot do 0").empty());
}

TEST_CASE("without a policy the first failure ends the pipeline and names the stage", "[framework][errors]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("numbers", support::numbers, 100) >> pipeline.add("failing", parallel(2, fail_at_multiples_of_10)) >>
        pipeline.add("sink", sink([](int) {}));
    try {
        pipeline.run();
        FAIL("it ended without an error");
    } catch (const Error& error) {
        CHECK(error.stage() == "failing");
        CHECK(error.message() == "cannot do 0");
        CHECK_THROWS_AS(std::rethrow_exception(error.cause()), std::runtime_error);
    }
}

TEST_CASE("an exception that leaves a coroutine is never a skip", "[framework][errors]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto failing = pipeline.add("failing", failing_pass);
    pipeline.set(failing, {.on_error = ErrorPolicy::skip()});
    pipeline.add("numbers", support::numbers, 100) >> failing >> pipeline.add("sink", sink([](int) {}));
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("failing") && Catch::Contains("cannot do 0"));
}

TEST_CASE("a coroutine that reports an error goes on if it may skip", "[framework][errors]") {
    TestEngine test;
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    const auto careful = pipeline.add("careful", [](Input<int> in, Output<int> out) -> Process {
        while (auto item = co_await in.next()) {
            int value = 0;
            try {
                value = fail_at_multiples_of_10(*item);
            } catch (...) {
                this_stage().report(std::current_exception());
                continue;
            }
            if (!co_await out.put(value))
                co_return;
        }
    });
    pipeline.set(careful, {.on_error = ErrorPolicy::skip()});
    pipeline.add("numbers", support::numbers, 50) >> careful >> pipeline.add("sink", sink([&got](int i) { got.push_back(i); }));
    pipeline.run();
    CHECK(got == without_multiples_of_10(50));
}

TEST_CASE("a stage that is restarted goes on with its next item", "[framework][errors][restart]") {
    const unsigned threads = GENERATE(1u, 2u);
    TestEngine test(threads);
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    const auto failing = pipeline.add("failing", failing_pass);
    pipeline.set(failing, {.on_error = ErrorPolicy::restart(10, 0ms)});
    pipeline.add("numbers", support::numbers, 100) >> failing >>
        pipeline.add("sink", sink([&got](int i) { got.push_back(i); }));
    pipeline.run();
    CHECK(got == without_multiples_of_10(100));
    CHECK(stage_of(pipeline.snapshot(), "failing").restarts == 10);
    CHECK_FALSE(test.log->find("failing: failed: cannot do 0; restart 1 of 10 in 0 ms").empty());
}

TEST_CASE("a stage that fails more often than it may be restarted ends the pipeline", "[framework][errors][restart]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto failing = pipeline.add("failing", failing_pass);
    pipeline.set(failing, {.on_error = ErrorPolicy::restart(3, 0ms)});
    pipeline.add("numbers", support::numbers, 100) >> failing >> pipeline.add("sink", sink([](int) {}));
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("cannot do 30"));
    CHECK(test.frames_out() == 0);
}

TEST_CASE("each restart waits twice as long as the one before, by the engine's clock", "[framework][errors][restart]") {
    const auto clock = std::make_shared<ManualClock>();
    TestEngine test(2, 10s, clock);
    std::atomic<int> starts{0};
    Pipeline pipeline(test.engine);
    const auto failing = pipeline.add("failing", [&starts](Input<int>) -> Process {
        if (++starts < 4)
            throw std::runtime_error("not yet");
        co_return;
    });
    pipeline.set(failing, {.on_error = ErrorPolicy::restart(5, 100ms)});
    pipeline.add("numbers", support::numbers, 100) >> failing;
    pipeline.start();
    const auto waits = [&pipeline](std::uint64_t restart) {
        const StageSnapshot stage = stage_of(pipeline.snapshot(), "failing");
        return stage.restarts == restart && stage.state.starts_with("waiting for work"); // its timer is set
    };
    std::uint64_t restart = 0;
    for (const int wait : {100, 200, 400}) {
        ++restart;
        while (!waits(restart))
            std::this_thread::yield();
        CHECK_FALSE(test.log->find("in " + std::to_string(wait) + " ms").empty());
        const int before = starts;
        clock->advance(std::chrono::milliseconds(wait - 1));
        CHECK(starts == before);
        clock->advance(1ms);
        while (starts == before)
            std::this_thread::yield();
    }
    pipeline.wait();
    CHECK(starts == 4);
}

TEST_CASE("a stage that waits to be restarted is cancelled at once, and its failure is no error any more",
          "[framework][errors][restart]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto failing = pipeline.add("failing", failing_pass);
    pipeline.set(failing, {.on_error = ErrorPolicy::restart(3, 1h)});
    pipeline.add("numbers", support::numbers, 100) >> failing >> pipeline.add("sink", sink([](int) {}));
    pipeline.start();
    while (test.log->find("restart 1 of 3").empty())
        std::this_thread::yield();
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
}

TEST_CASE("what a stage registered for its end runs before it is made anew", "[framework][errors][restart]") {
    TestEngine test;
    std::vector<std::string> events; // written by the stage and its end in turn
    int starts = 0;
    Pipeline pipeline(test.engine);
    const auto failing = pipeline.add("failing", [&](Input<int> in) -> Process {
        events.emplace_back("start");
        this_stage().on_end([&events](EndReason reason) {
            events.emplace_back(reason == EndReason::failed ? "closed after failure" : "closed");
        });
        if (++starts == 1)
            throw std::runtime_error("once");
        while (co_await in.next()) {
        }
    });
    pipeline.set(failing, {.on_error = ErrorPolicy::restart(1, 0ms)});
    pipeline.add("numbers", support::numbers, 10) >> failing;
    pipeline.run();
    CHECK(events == std::vector<std::string>{"start", "closed after failure", "start", "closed"});
}

TEST_CASE("a branch that fails is left behind, and the rest goes on", "[framework][errors]") {
    TestEngine test;
    int rest = 0;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("src", support::frames, 200);
    const auto failing = pipeline.add("failing", [](Input<PooledFrame> in, Output<PooledFrame> out) -> Process {
        for (int i = 0; i < 3; ++i) {
            auto frame = co_await in.next();
            co_await out.put(std::move(*frame));
        }
        throw std::runtime_error("the disk is full");
    });
    pipeline.set(failing, {.on_error = ErrorPolicy::detach()});
    int before = 0;
    from >> failing >> pipeline.add("behind", sink([&before](PooledFrame) { ++before; }));
    from >> pipeline.add("rest", sink([&rest](PooledFrame) { ++rest; }));
    pipeline.run();
    CHECK(rest == 200);
    CHECK(before == 3);
    CHECK(stage_of(pipeline.snapshot(), "failing").errors == 1);
    CHECK_FALSE(test.log->find("the pipeline goes on without it: the disk is full").empty());
    CHECK(test.frames_out() == 0);
}

TEST_CASE("when several stages fail the first is the cause and the others are attached", "[framework][errors]") {
    TestEngine test;
    std::atomic<int> ready{0};
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("numbers", support::numbers, 1000);
    for (const char* name : {"a", "b"})
        from >> pipeline.add(name, sink([&ready, name](int) {
                                 ++ready;
                                 while (ready < 2) // both are in their bodies
                                     std::this_thread::yield();
                                 throw std::runtime_error(std::string("failed in ") + name);
                             }));
    try {
        pipeline.run();
        FAIL("it ended without an error");
    } catch (const Error& error) {
        REQUIRE(error.others().size() == 1);
        CHECK(error.stage() != error.others().front().stage());
        CHECK(error.message() == "failed in " + error.stage());
    }
}

TEST_CASE("an error says where in the stream it came", "[framework][errors]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::frames, 100) >> pipeline.add("fails", sink([](PooledFrame frame) {
                                                                  if (frame.header().pts == 50)
                                                                      throw std::runtime_error("planned");
                                                              }));
    try {
        pipeline.run();
        FAIL("it ended well");
    } catch (const Error& error) {
        CHECK(error.stage() == "fails");
        CHECK(error.media_time() >= 2.0); // what was sent to it by then
        CHECK(error.media_time() <= 2.5);
    }
    CHECK(std::isnan(Error("", "", "of nobody").media_time()));
}
