// Whatever a stage waits for, a cancel ends it at once; and one that never has to wait lets others run.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <chrono>

using namespace weir;
using namespace std::chrono_literals;
using support::TestEngine;

namespace {

/// Four frames, and then nothing.
Process few_frames(Output<PooledFrame> out, Event* never) {
    for (int i = 0; i < 4; ++i) {
        PooledFrame frame = co_await out.acquire(support::small);
        if (!co_await out.put(std::move(frame)))
            co_return;
    }
    co_await until(*never);
}

/// Keeps the first.
Process keeper(Input<PooledFrame> in, Event* never) {
    auto first = co_await in.next();
    co_await until(*never);
}

using Body = Process (*)(Input<PooledFrame> in, Output<PooledFrame> out, Event* never);

Process in_next(Input<PooledFrame> in, [[maybe_unused]] Output<PooledFrame> out, [[maybe_unused]] Event* never) {
    while (auto frame = co_await in.next())
        frame.reset();
}
Process in_peek(Input<PooledFrame> in, [[maybe_unused]] Output<PooledFrame> out, [[maybe_unused]] Event* never) {
    while (const PooledFrame* first = co_await in.peek()) {
        auto frame = co_await in.next();
        if (first == nullptr || !frame)
            co_return;
    }
}
Process in_any(Input<PooledFrame> in, [[maybe_unused]] Output<PooledFrame> out, Event* never) {
    for (;;) {
        const std::size_t which = co_await any(in, until(*never));
        auto frame = co_await in.next();
        if (which != 0 || !frame)
            co_return;
    }
}
Process in_put(Input<PooledFrame> in, Output<PooledFrame> out, [[maybe_unused]] Event* never) {
    while (auto frame = co_await in.next())
        if (!co_await out.put(std::move(*frame)))
            co_return;
}
/// Two of its own, of which it may have one, and which goes to the keeper.
Process in_acquire([[maybe_unused]] Input<PooledFrame> in, Output<PooledFrame> out, [[maybe_unused]] Event* never) {
    for (;;) {
        PooledFrame frame = co_await out.acquire(support::small);
        if (!co_await out.put(std::move(frame)))
            co_return;
    }
}
Process in_room([[maybe_unused]] Input<PooledFrame> in, Output<PooledFrame> out, [[maybe_unused]] Event* never) {
    for (;;) {
        co_await out.room();
        PooledFrame frame = co_await out.acquire(support::small);
        if (!co_await out.put(std::move(frame)))
            co_return;
    }
}
Process in_writable(Input<PooledFrame> in, Output<PooledFrame> out, [[maybe_unused]] Event* never) {
    while (auto frame = co_await in.next()) {
        const PooledFrame shared = *frame;
        PooledFrame mine = co_await out.writable(std::move(*frame));
        if (!co_await out.put(std::move(mine)))
            co_return;
    }
}
Process in_until([[maybe_unused]] Input<PooledFrame> in, [[maybe_unused]] Output<PooledFrame> out, Event* never) {
    co_await until(*never);
}
Process in_sleep([[maybe_unused]] Input<PooledFrame> in, [[maybe_unused]] Output<PooledFrame> out,
                 [[maybe_unused]] Event* never) {
    co_await sleep_until(this_stage().clock().now() + 10h);
}
Process in_a_part(Input<PooledFrame> in, [[maybe_unused]] Output<PooledFrame> out, [[maybe_unused]] Event* never) {
    const auto part = [](Input<PooledFrame> from) -> Task<bool> {
        auto frame = co_await from.next();
        co_return frame.has_value();
    };
    for (;;)
        if (!co_await part(in))
            co_return;
}

} // namespace

TEST_CASE("cancel ends every wait at once, and no frame stays out", "[framework][lifecycle][waits]") {
    struct Wait {
        const char* name;
        const char* state;
        Body body;
    };
    const Wait wait = GENERATE(
        Wait{"next", "waiting for input from src.out", in_next}, Wait{"peek", "waiting for input from src.out", in_peek},
        Wait{"any", "waiting", in_any}, Wait{"put", "waiting for room to keeper.in", in_put},
        Wait{"acquire", "waiting for its quota", in_acquire}, Wait{"room", "waiting for room or quota", in_room},
        Wait{"writable", "waiting for its quota", in_writable}, Wait{"until", "waiting for the event 'never'", in_until},
        Wait{"sleep_until", "waiting for its time", in_sleep}, Wait{"a part's", "waiting for input from src.out", in_a_part});
    CAPTURE(wait.name);
    TestEngine test;
    Event never("never");
    Pipeline pipeline(test.engine);
    const auto stage = pipeline.add("stage", wait.body, &never);
    const auto keeps = pipeline.add("keeper", keeper, &never);
    pipeline.add("src", few_frames, &never) >> stage;
    pipeline.connect(stage, keeps, {.capacity = 1});
    pipeline.set(stage, {.quota = 1});
    pipeline.start();
    support::until_state(pipeline, "stage", wait.state);
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a stage that never has to wait lets others run, and is cancelled", "[framework][lifecycle][waits]") {
    TestEngine test(1);
    Pipeline busy(test.engine);
    busy.add("busy", [](Output<int> out) -> Process { // nobody reads what it puts
        for (int i = 0;; ++i)
            co_await out.put(i);
    });
    busy.start();
    for (int round = 0; round < 3; ++round) {
        int seen = 0;
        Pipeline other(test.engine);
        other.add("numbers", support::numbers, 1000) >> other.add("sink", sink([&seen](int) { ++seen; }));
        other.run();
        CHECK(seen == 1000);
    }
    busy.cancel();
    CHECK_THROWS_AS(busy.wait(), Cancelled);
}
