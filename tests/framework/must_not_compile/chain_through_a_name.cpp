// In a chain, a named stage whose output can feed only one link is moved.
// says: in a >> b >> c write std::move(b)
#include <weir/framework/weir.hpp>

using Item = std::unique_ptr<int>;

weir::Process numbers(weir::Output<Item> out);
weir::Process pass(weir::Input<Item> in, weir::Output<Item> out);
weir::Process print(weir::Input<Item> in);

void build(weir::Pipeline& pipeline) {
    auto middle = pipeline.add("pass", pass);
#ifdef WRONG
    pipeline.add("numbers", numbers) >> middle >> pipeline.add("print", print);
#else
    pipeline.add("numbers", numbers) >> std::move(middle) >> pipeline.add("print", print);
#endif
}
