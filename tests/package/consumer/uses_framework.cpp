#include <weir/framework/flow.hpp>
#include <weir/framework/pipeline.hpp>
#include <weir/framework/testing.hpp>

#include <optional>
#include <vector>

namespace {

bool sums() {
    int sum = 0;
    weir::Pipeline pipeline;
    pipeline.add("numbers", weir::source([i = 0]() mutable { return i < 10 ? std::optional(i++) : std::nullopt; })) >>
        pipeline.add("sum", weir::sink([&sum](int i) { sum += i; }));
    pipeline.run();
    return sum == 45;
}

bool sums_through_native_nodes() {
    using Number = weir::flow::Message<int>;
    int sum = 0;
    weir::flow::Graph graph;
    weir::flow::Sender<int> to(graph, "to", 2);
    oneapi::tbb::flow::function_node<Number, Number> next(
        graph, oneapi::tbb::flow::unlimited, weir::flow::guard(graph, [](const Number& n) { return n.with(*n + 1); }));
    oneapi::tbb::flow::queue_node<Number> queue(graph);
    weir::flow::Receiver<int> from(graph, "from");
    oneapi::tbb::flow::make_edge(to, next);
    oneapi::tbb::flow::make_edge(next, queue);
    oneapi::tbb::flow::make_edge(queue, from);
    weir::Pipeline pipeline;
    pipeline.add("numbers", weir::source([i = 0]() mutable { return i < 10 ? std::optional(i++) : std::nullopt; })) >>
        pipeline.add("to", to.stage());
    pipeline.add("from", from.stage()) >> pipeline.add("sum", weir::sink([&sum](int i) { sum += i; }));
    pipeline.run();
    return sum == 55;
}

bool tests_a_stage() {
    weir::testing::StageTest test;
    test.input<int>().put(1).put(2);
    auto& out = test.output<int>();
    const weir::testing::TestResult result = test.run(weir::map([](int i) { return 2 * i; }));
    return result.finished && out.items() == std::vector{2, 4};
}

} // namespace

int main() { return sums() && sums_through_native_nodes() && tests_a_stage() ? 0 : 1; }
