#include "../support/count_allocations.hpp"
#include "support/flow.hpp"

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
    const std::size_t quota = GENERATE(std::size_t{0}, std::size_t{2}); // or its source rests on its quota again and again
    support::TestEngine test(threads);
    // Warm: nothing is left to be made the first time that many frames happen to be out, or a worker to run.
    wake_all_workers(test.engine);
    test.engine.registry().prewarm(support::small, 16);
    std::uint64_t allocations = ~std::uint64_t{0};
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("src", support::frames, 13000);
    if (quota > 0)
        pipeline.set(from, {.quota = quota});
    from >> pipeline.add("map", map([](PooledFrame frame) {
                             frame.header().pts *= 2;
                             return frame;
                         })) >>
        pipeline.add("measure", measure, 2000, 12000, &allocations);
    pipeline.run();
    CHECK(allocations == 0);
}

TEST_CASE("in steady state native nodes between two stages allocate nothing", "[framework][allocation][flow]") {
    namespace tf = oneapi::tbb::flow;
    const unsigned threads = GENERATE(1u, 2u);
    support::TestEngine test(threads);
    wake_all_workers(test.engine);
    test.engine.registry().prewarm(support::small, 16);
    std::uint64_t allocations = ~std::uint64_t{0};
    flow::Graph graph(test.engine);
    flow::Sender<PooledFrame> out(graph, "out", 4);
    tf::function_node<support::Frame, support::Frame> node(
        graph, tf::serial, flow::guard(graph, [](const support::Frame& frame) { return frame; }));
    tf::queue_node<support::Frame> queue(graph);
    flow::Receiver<PooledFrame> in(graph, "in", 4); // never full: a refusal changes an edge, and oneTBB allocates for that
    tf::make_edge(out, node);
    tf::make_edge(node, queue);
    tf::make_edge(queue, in);
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::frames, 13000) >> pipeline.add("out", out.stage());
    pipeline.add("in", in.stage()) >> pipeline.add("measure", measure, 2000, 12000, &allocations);
    pipeline.run();
    CHECK(allocations == 0);
}
