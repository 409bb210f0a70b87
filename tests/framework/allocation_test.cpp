#include "../support/count_allocations.hpp"
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <latch>
#include <optional>
#include <string>

using namespace weir;

namespace {

/// Counts the allocations between its `from`th and its `to`th frame.
Process measure(Input<PooledFrame> in, int from, int to, std::uint64_t* allocations) {
    for (int i = 0; auto frame = co_await in.next(); ++i) {
        if (i == from)
            support::start_counting_allocations();
        if (i == to)
            *allocations = support::stop_counting_allocations();
    }
}

/// Every worker runs something: a worker that begins late has what oneTBB keeps for each thread yet to be made.
void wake_all_workers(Engine& engine) {
    std::latch all(engine.threads());
    Pipeline pipeline(engine);
    for (unsigned i = 0; i < engine.threads(); ++i)
        pipeline.add("src" + std::to_string(i), source([&all, count = 0]() mutable -> std::optional<int> {
                         if (count == 0)
                             all.arrive_and_wait();
                         return count < 1000 ? std::optional<int>(count++) : std::nullopt;
                     })) >>
            pipeline.add("sink" + std::to_string(i), sink([](int) {}));
    pipeline.run();
}

} // namespace

TEST_CASE("in steady state a pipeline allocates nothing, oneTBB included", "[framework][allocation]") {
    const unsigned threads = GENERATE(1u, 2u);
    support::TestEngine test(threads);
    // Warm: nothing is left to be made the first time that many frames happen to be out, or a worker to run.
    wake_all_workers(test.engine);
    test.engine.registry().prewarm(support::small, 16);
    std::uint64_t allocations = ~std::uint64_t{0};
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::frames, 13000) >> pipeline.add("map", map([](PooledFrame frame) {
                                                                    frame.header().pts *= 2;
                                                                    return frame;
                                                                })) >>
        pipeline.add("measure", measure, 2000, 12000, &allocations);
    pipeline.run();
    CHECK(allocations == 0);
}
