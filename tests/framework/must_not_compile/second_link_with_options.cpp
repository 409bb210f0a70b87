// As second_link, by `connect`.
// says: cannot be copied, so it feeds one link
// says: unique_ptr<int>
#include <weir/framework/weir.hpp>

using Item = std::unique_ptr<int>;

weir::Process numbers(weir::Output<Item> out);
weir::Process print(weir::Input<Item> in);

void build(weir::Pipeline& pipeline) {
    auto source = pipeline.add("numbers", numbers);
    const auto sink = pipeline.add("print", print);
#ifdef WRONG
    pipeline.connect(source, sink, {.capacity = 1});
#else
    pipeline.connect(std::move(source), sink, {.capacity = 1});
#endif
}
