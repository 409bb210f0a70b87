#include "support/engines.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using support::TestEngine;

TEST_CASE("frames of a stage that has ended still count in their pool's maximum", "[framework][quota][lifecycle]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("src", support::frames, 8);
    const auto late = pipeline.add("late", [](Input<PooledFrame> in, Output<PooledFrame> out) -> Process {
        std::vector<PooledFrame> theirs;
        while (auto frame = co_await in.next())
            theirs.push_back(std::move(*frame));
        std::vector<PooledFrame> own; // the same layout, so the same pool
        for (int i = 0; i < 4; ++i) {
            PooledFrame frame = co_await out.acquire(support::small);
            own.push_back(std::move(frame));
        }
    });
    pipeline.connect(source, late, {.capacity = 8});
    late >> pipeline.add("sink", sink([](PooledFrame) {}));
    pipeline.set(source, {.quota = 8});
    pipeline.set(late, {.quota = 4});
    pipeline.run();
    std::uint64_t overflows = 0;
    for (const PoolReport& pool : test.engine.registry().stats())
        overflows += pool.stats.overflows;
    CHECK(overflows == 0);
    CHECK(test.frames_out() == 0);
}
