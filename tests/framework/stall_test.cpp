#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <future>

using namespace weir;
using support::TestEngine;

namespace {

Process hold(Input<PooledFrame> in, Output<PooledFrame> out, std::size_t count) {
    std::deque<PooledFrame> held;
    while (auto frame = co_await in.next()) {
        held.push_back(std::move(*frame));
        if (held.size() <= count)
            continue;
        const bool open = co_await out.put(std::move(held.front()));
        held.pop_front();
        if (!open)
            co_return;
    }
    for (; !held.empty(); held.pop_front())
        co_await out.put(std::move(held.front()));
}

Process pairs(Input<PooledFrame> a, Input<PooledFrame> b, std::vector<std::pair<std::int64_t, std::int64_t>>* result) {
    for (;;) {
        auto first = co_await a.next();
        auto second = co_await b.next();
        if (!first || !second)
            co_return;
        result->emplace_back(first->header().pts, second->header().pts);
    }
}

Process echo(Input<int> in, Output<int> out) {
    while (auto item = co_await in.next())
        co_await out.put(*item);
}

} // namespace

TEST_CASE("a branch that holds 40 frames beside a direct one ends with the right output and says what overflowed",
          "[framework][stall][lifecycle]") {
    const unsigned threads = GENERATE(1u, 2u, 4u);
    TestEngine test(threads);
    std::vector<std::pair<std::int64_t, std::int64_t>> result;
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("src", support::frames, 200);
    const auto holder = pipeline.add("hold", hold, std::size_t{40});
    const auto join = pipeline.add("join", pairs, &result);
    pipeline.connect(source, holder, {.capacity = 1});
    pipeline.connect(source, join["in1"], {.capacity = 1});
    pipeline.connect(holder, join["in0"], {.capacity = 1});
    pipeline.set(source, {.quota = 2});
    pipeline.run();

    REQUIRE(result.size() == 200);
    for (std::size_t i = 0; i < result.size(); ++i)
        CHECK(result[i] == std::pair(static_cast<std::int64_t>(i), static_cast<std::int64_t>(i)));
    CHECK(test.frames_out() == 0);
    const std::string quota = test.log->find("quota of src.out overflowed: 2 -> 3");
    CHECK(quota.find("hold") != std::string::npos);
    CHECK_FALSE(test.log->find("link src.out->join.in1 overflowed").empty());
    std::uint64_t overflows = 0;
    for (const PortSnapshot& port : pipeline.snapshot().ports)
        overflows += port.overflows;
    CHECK(overflows >= 38); // 40 held need 42 frames out, 2 were allowed
}

TEST_CASE("bounds stay grown: a second stall at the same depth does not grow them again", "[framework][stall]") {
    TestEngine test;
    std::vector<std::pair<std::int64_t, std::int64_t>> result;
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("src", support::frames, 2000);
    const auto holder = pipeline.add("hold", hold, std::size_t{10});
    const auto join = pipeline.add("join", pairs, &result);
    pipeline.connect(source, holder, {.capacity = 1});
    pipeline.connect(source, join["in1"], {.capacity = 1});
    pipeline.connect(holder, join["in0"], {.capacity = 1});
    pipeline.run();
    CHECK(result.size() == 2000);
    for (const LinkSnapshot& link : pipeline.snapshot().links)
        CHECK(link.capacity <= 1 + 12);
}

TEST_CASE("two stages that wait for each other's first item end with an error that prints the cycle", "[framework][stall]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto a = pipeline.add("a", echo);
    const auto b = pipeline.add("b", echo);
    a >> b;
    pipeline.connect(b, a, {.feedback = true});
    try {
        pipeline.run();
        FAIL("the pipeline ended without an error");
    } catch (const Deadlock& error) {
        const std::string text = error.what();
        CHECK(text.find("a is waiting for input from b.out") != std::string::npos);
        CHECK(text.find("b is waiting for input from a.out") != std::string::npos);
    }
}

TEST_CASE("a deadlock is called one also where a full link into it could be made longer for ever", "[framework][stall]") {
    TestEngine test;
    Event full("the link into the loop is full");
    Pipeline pipeline(test.engine);
    const auto numbers = pipeline.add("numbers", support::numbers, 200'000);
    const auto a = pipeline.add("a", [](Input<int> loop, Input<int> values, Output<int> out) -> Process {
        while (co_await loop.next())
            co_await out.put((co_await values.next()).value());
    });
    const auto b = pipeline.add("b", [&full](Input<int> in, Output<int> out) -> Process {
        co_await until(full);
        while (auto item = co_await in.next())
            co_await out.put(*item);
    });
    a >> b;
    pipeline.connect(b, a["in0"], {.feedback = true});
    pipeline.connect(numbers, a["in1"], {.capacity = 2});
    pipeline.start();
    support::until_state(pipeline, "numbers", "waiting for room");
    full.set();
    try {
        pipeline.wait();
        FAIL("the pipeline ended without an error");
    } catch (const Deadlock& error) {
        const std::string text = error.what();
        CHECK(text.find("a is waiting for input from b.out, b is waiting for input from a.out") != std::string::npos);
        CHECK(text.find("numbers") == std::string::npos);
    }
    for (const LinkSnapshot& link : pipeline.snapshot().links)
        CHECK(link.overflows == 0);
}

TEST_CASE("what is called when a deadlocked stage is told to stop may look at its pipeline", "[framework][stall]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    std::size_t stages = 0;
    const auto a = pipeline.add("a", [&](Input<int> in, Output<int> out) -> Process {
        const std::stop_callback look(this_stage().stop_token(), [&] { stages = pipeline.snapshot().stages.size(); });
        while (auto item = co_await in.next())
            co_await out.put(*item);
    });
    const auto b = pipeline.add("b", echo);
    a >> b;
    pipeline.connect(b, a, {.feedback = true});
    CHECK_THROWS_AS(pipeline.run(), Deadlock);
    CHECK(stages == 2);
}

TEST_CASE("a loop in which nobody has a first item is refused before it runs", "[framework][check]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto a = pipeline.add("a", echo);
    const auto b = pipeline.add("b", echo);
    a >> b >> a;
    REQUIRE_THROWS_WITH(pipeline.check(), Catch::Contains("loop") && Catch::Contains("a, b"));
}

TEST_CASE("the watchdog names a stage that waits for an event that never comes, and what it holds", "[framework][watchdog]") {
    TestEngine test(2, std::chrono::milliseconds(40));
    Event never("the operator's go");
    std::promise<std::string> named;
    std::atomic<bool> once{false};
    test.log->on_line([&](const std::string& line) {
        if (line.find("watchdog") != std::string::npos && line.find("stage gate") != std::string::npos && !once.exchange(true))
            named.set_value(line);
    });
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::frames, 100) >> pipeline.add("gate", [&never](Input<PooledFrame> in) -> Process {
        auto first = co_await in.next();
        co_await until(never);
    });
    pipeline.start();
    const std::string line = named.get_future().get();
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(line.find("waiting for the event 'the operator's go'") != std::string::npos);
    CHECK(line.find("1 frames in hand") != std::string::npos);
    CHECK(line.find("items in link src.out->gate.in") != std::string::npos);
    CHECK(test.frames_out() == 0);
    test.log->on_line({});
}

TEST_CASE("the watchdog names a stage that waits because the application keeps its frames, and who has them",
          "[framework][watchdog]") {
    const bool room = GENERATE(false, true);
    TestEngine test(2, std::chrono::milliseconds(40));
    std::promise<std::string> named;
    std::atomic<bool> once{false};
    test.log->on_line([&](const std::string& line) {
        if (line.find("watchdog: stage src") != std::string::npos && !once.exchange(true))
            named.set_value(line);
    });
    FrameSink frames("monitor");
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("src", [room](Output<PooledFrame> out) -> Process {
        for (;;) {
            if (room)
                co_await out.room();
            PooledFrame frame = co_await out.acquire(support::small);
            if (!co_await out.put(std::move(frame)))
                co_return;
        }
    });
    source >> pipeline.add("monitor", frames.stage());
    pipeline.set(source, {.quota = 2});
    pipeline.start();
    std::vector<PooledFrame> kept;
    kept.push_back(frames.pull().value());
    kept.push_back(frames.pull().value());
    const std::string line = named.get_future().get();
    test.log->on_line({});
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(line.find(room ? "waiting for room or quota of src.out" : "waiting for its quota of src.out") != std::string::npos);
    CAPTURE(line);
    CHECK(line.find("whose frames are out: application (monitor) 2;") != std::string::npos);
}
