// The message names both types.
// says: the output's items are not what the input takes
// says: is_same_v<int, double>
#include <weir/framework/weir.hpp>

weir::Process numbers(weir::Output<int> out);
weir::Process whole(weir::Input<int> in);
weir::Process broken(weir::Input<double> in);

void build(weir::Pipeline& pipeline) {
#ifdef WRONG
    pipeline.add("numbers", numbers) >> pipeline.add("sink", broken);
#else
    pipeline.add("numbers", numbers) >> pipeline.add("sink", whole);
#endif
}
