// Native oneTBB nodes between Weir stages: a join_node puts a frame and a caption together, a parallel function_node draws, a
// sequencer_node puts them back in order. What it prints is the same for any number of threads.
#include <weir/framework/flow.hpp>
#include <weir/framework/weir.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

namespace {

constexpr weir::VideoFormat format{320, 180, weir::PixelFormat::gray8};

struct Caption {
    std::int64_t pts = 0;
    std::string text;
};

using Frame = weir::flow::Message<weir::PooledFrame>; // a counted handle: oneTBB copies messages at every hop
using Pair = std::tuple<Frame, weir::flow::Message<Caption>>;

weir::Process frames(weir::Output<weir::PooledFrame> out, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        weir::PooledFrame frame = co_await out.acquire(format);
        for (std::uint32_t row = 0; row < format.height; ++row)
            std::memset(frame.writable_plane(0).row(row), static_cast<int>(i % 200), format.width);
        frame.header().pts = i;
        if (!co_await out.put(std::move(frame)))
            co_return;
    }
}

weir::Process captions(weir::Output<Caption> out, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        Caption caption{i, "frame " + std::to_string(i)};
        if (!co_await out.put(std::move(caption)))
            co_return;
    }
}

} // namespace

int main(int argc, char** argv) try {
    namespace native = oneapi::tbb::flow;
    const std::int64_t count = argc > 1 ? std::stol(argv[1]) : 1000;
    weir::Engine engine;

    // The graph first, then its nodes, then the pipeline: so the pipeline goes first.
    weir::flow::Graph graph(engine);
    weir::flow::Sender<weir::PooledFrame> to_join(graph, "to join", 4); // at most 4 frames among native nodes
    weir::flow::Sender<Caption> captions_to_join(graph, "captions to join", 4);
    native::join_node<Pair, native::queueing> join(graph);
    native::function_node<Pair, Frame> draw(graph, native::unlimited, weir::flow::guard(graph, [](const Pair& pair) {
                                                const auto& [frame, caption] = pair;
                                                if (frame->header().pts != caption->pts)
                                                    throw std::runtime_error("a frame met another's caption");
                                                weir::PooledFrame picture = frame.take(); // nobody else reads it
                                                std::memcpy(picture.writable_plane(0).data, caption->text.data(),
                                                            caption->text.size());
                                                return frame.with(std::move(picture));
                                            }));
    native::sequencer_node<Frame> in_order(
        graph, weir::flow::guard(graph, [](const Frame& frame) { return static_cast<std::size_t>(frame->header().pts); }));
    weir::flow::Receiver<weir::PooledFrame> from_native(graph, "from native nodes"); // behind a node that buffers
    native::make_edge(to_join, native::input_port<0>(join));
    native::make_edge(captions_to_join, native::input_port<1>(join));
    native::make_edge(join, draw);
    native::make_edge(draw, in_order);
    native::make_edge(in_order, from_native);

    std::uint64_t sum = 0;
    std::int64_t got = 0;
    weir::Pipeline pipeline(engine);
    pipeline.add("frames", frames, count) >> pipeline.add("to join", to_join.stage());
    pipeline.add("captions", captions, count) >> pipeline.add("captions to join", captions_to_join.stage());
    pipeline.add("from native nodes", from_native.stage()) >>
        pipeline.add("sink", weir::sink([&](weir::PooledFrame frame) {
                         for (const char c : std::string(reinterpret_cast<const char*>(frame.plane(0).data), 16))
                             sum = sum * 31 + static_cast<unsigned char>(c);
                         got += frame.header().pts == got ? 1 : 0;
                     }));
    pipeline.run();
    std::printf("%lld frames in order, %zu live at most, checksum %016llx\n", static_cast<long long>(got), to_join.peak(),
                static_cast<unsigned long long>(sum));
    return got == count && to_join.peak() <= 4 && to_join.live() == 0 ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "join_in_the_middle: %s\n", error.what());
    return 1;
}
