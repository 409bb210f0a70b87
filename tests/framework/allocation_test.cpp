#include "../support/count_allocations.hpp"
#include "support/engines.hpp"

#include <catch2/catch.hpp>

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

} // namespace

TEST_CASE("in steady state a pipeline allocates nothing, oneTBB included", "[framework][allocation]") {
    const unsigned threads = GENERATE(1u, 2u);
    support::TestEngine test(threads);
    std::uint64_t allocations = ~std::uint64_t{0};
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::frames, 13000) >> pipeline.add("map", map([](PooledFrame frame) {
        frame.header().pts *= 2;
        return frame;
    })) >> pipeline.add("measure", measure, 2000, 12000, &allocations);
    pipeline.run();
    CHECK(allocations == 0);
}
