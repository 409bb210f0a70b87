// How long items take on their way.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct Still {
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(Clock::Time(1h));
    support::TestEngine test{2, 10s, clock};
    Engine& engine = test.engine;
};

/// Holds each frame for so many milliseconds as its pts says, by the clock that it sets.
Process hold(Input<PooledFrame> in, Output<PooledFrame> out, ManualClock* clock) {
    while (auto frame = co_await in.next()) {
        clock->advance(std::chrono::milliseconds(frame->header().pts));
        if (!co_await out.put(std::move(*frame)))
            co_return;
    }
}

/// One frame at a time: the next when the one before has gone.
Process singly(Output<PooledFrame> out, int count, Event* gone) {
    for (int i = 1; i <= count; ++i) {
        PooledFrame frame = co_await out.acquire(support::small);
        frame.header().pts = i;
        frame.header().time_base = {1, 1000};
        gone->reset();
        if (!co_await out.put(std::move(frame)))
            co_return;
        co_await until(*gone);
    }
}

const LatencySnapshot& latency_to(const Snapshot& snapshot, const std::string& to) {
    for (const LatencySnapshot& latency : snapshot.latencies)
        if (latency.to == to)
            return latency;
    throw std::logic_error("nothing came to " + to);
}

} // namespace

TEST_CASE("each path knows the distribution of its latency, and the item that took the longest", "[framework][latency]") {
    Still still;
    Event gone("the frame is gone");
    Pipeline pipeline(still.engine);
    const auto from = pipeline.add("src", singly, 100, &gone);
    from >> pipeline.add("hold", hold, still.clock.get()) >> pipeline.add("end", sink([&gone](PooledFrame) { gone.set(); }));
    pipeline.run();
    const Snapshot snapshot = pipeline.snapshot();
    const LatencySnapshot& latency = latency_to(snapshot, "end.in");
    CHECK(latency.from == "src");
    CHECK(latency.items == 100);
    CHECK(latency.max == 100'000'000);
    CHECK(latency.worst == 0.1);
    CHECK(latency.p50 == Approx(50e6).epsilon(0.06));
    CHECK(latency.p99 == Approx(99e6).epsilon(0.06));
    CHECK(to_json(snapshot).find("\"latencies\"") != std::string::npos);
}

TEST_CASE("a path that joins several sources names them all, and items without an entry time have no latency",
          "[framework][latency]") {
    support::TestEngine test;
    Pipeline pipeline(test.engine);
    const auto join = pipeline.add("join", [](Input<PooledFrame> a, Input<PooledFrame> b, Output<PooledFrame> out) -> Process {
        for (;;) {
            auto first = co_await a.next();
            auto second = co_await b.next();
            if (!first || !second || !co_await out.put(std::move(*first)))
                co_return;
        }
    });
    pipeline.connect(pipeline.add("left", support::frames, 10), join["in0"]);
    pipeline.connect(pipeline.add("right", support::frames, 10), join["in1"]);
    join >> pipeline.add("end", sink([](PooledFrame) {}));
    pipeline.add("numbers", support::numbers, 10) >> pipeline.add("nowhere", sink([](int) {}));
    pipeline.run();
    const Snapshot snapshot = pipeline.snapshot();
    REQUIRE(snapshot.latencies.size() == 1);
    CHECK(snapshot.latencies.front().from == "left, right");
    CHECK(snapshot.latencies.front().items == 10);
}
