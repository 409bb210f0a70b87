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

bool tests_a_stage() {
    weir::testing::StageTest test;
    test.input<int>().put(1).put(2);
    auto& out = test.output<int>();
    const weir::testing::TestResult result = test.run(weir::map([](int i) { return 2 * i; }));
    return result.finished && out.items() == std::vector{2, 4};
}

} // namespace

int main() { return sums() && tests_a_stage() ? 0 : 1; }
