// The handle to a stage whose output feeds one link is not copied: the copy would be a way to a second link.
// says: deleted
#include <weir/framework/weir.hpp>

using Item = std::unique_ptr<int>;

weir::Process numbers(weir::Output<Item> out);

void build(weir::Pipeline& pipeline) {
    auto source = pipeline.add("numbers", numbers);
#ifdef WRONG
    auto other = source;
#else
    auto other = std::move(source);
#endif
    static_cast<void>(other);
}
