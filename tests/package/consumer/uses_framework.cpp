#include <weir/framework/pipeline.hpp>

#include <optional>

int main() {
    int sum = 0;
    weir::Pipeline pipeline;
    pipeline.add("numbers", weir::source([i = 0]() mutable { return i < 10 ? std::optional(i++) : std::nullopt; })) >>
        pipeline.add("sum", weir::sink([&sum](int i) { sum += i; }));
    pipeline.run();
    return sum == 45 ? 0 : 1;
}
