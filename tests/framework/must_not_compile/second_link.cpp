// Items that cannot be copied feed one link: the second connection of the same output does not compile.
// says: cannot be copied, so it feeds one link
// says: unique_ptr<int>
#include <weir/framework/weir.hpp>

using Item = std::unique_ptr<int>;

weir::Process numbers(weir::Output<Item> out);
weir::Process print(weir::Input<Item> in);

void build(weir::Pipeline& pipeline) {
    auto source = pipeline.add("numbers", numbers);
#ifdef WRONG
    source >> pipeline.add("one", print);
    source >> pipeline.add("two", print);
#else
    std::move(source) >> pipeline.add("one", print);
    pipeline.add("more numbers", numbers) >> pipeline.add("two", print);
#endif
}
