// As different_types, by `connect`.
// says: the output's items are not what the input takes
// says: PooledFrame
// says: PooledSamples
#include <weir/framework/weir.hpp>

weir::Process camera(weir::Output<weir::PooledFrame> out);
weir::Process screen(weir::Input<weir::PooledFrame> in);
weir::Process speaker(weir::Input<weir::PooledSamples> in);

void build(weir::Pipeline& pipeline) {
    const auto from = pipeline.add("camera", camera);
#ifdef WRONG
    pipeline.connect(from, pipeline.add("to", speaker), {.capacity = 1});
#else
    pipeline.connect(from, pipeline.add("to", screen), {.capacity = 1});
#endif
}
