#pragma once
// Ten stages that only pass items on, in a pipeline of Weir's.
#include <weir/framework/weir.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>

namespace bench {

inline constexpr int stages = 10;
inline constexpr int hops = stages + 1;
inline constexpr std::size_t capacity = 8;

/// Sends so many items through, `make()` each; `arrived(n)` is called at the end of the chain for the n-th, from 1. Nanoseconds
/// a hop.
template <class Make, class Arrived> double pass_through(weir::Engine& engine, Make make, int items, Arrived arrived) {
    using Item = std::decay_t<decltype(make())>;
    weir::Pipeline pipeline(engine);
    weir::OutRef<Item> last = pipeline
                                  .add("source", weir::source([&make, left = items]() mutable -> std::optional<Item> {
                                           if (left-- == 0)
                                               return std::nullopt;
                                           return make();
                                       }))
                                  .out();
    for (int i = 0; i < stages; ++i) {
        const auto stage = pipeline.add("stage" + std::to_string(i), weir::map([](Item passed) { return passed; }));
        pipeline.connect(last, stage, {.capacity = capacity});
        last = stage.out();
    }
    pipeline.connect(last, pipeline.add("sink", weir::sink([&arrived, n = 0](Item) mutable { arrived(++n); })),
                     {.capacity = capacity});
    const auto begin = std::chrono::steady_clock::now();
    pipeline.run();
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
    return time.count() / (static_cast<double>(items) * hops);
}

template <class Make> double pass_through(weir::Engine& engine, Make make, int items) {
    return pass_through(engine, make, items, [](int) {});
}

/// An engine with so many workers, and frames to pass on: more than are under way at once, so that each is in one place.
class Passing {
public:
    explicit Passing(unsigned threads) : engine(config(threads)) {
        weir::BasicFramePool pool = engine.registry().frames({64, 64, weir::PixelFormat::gray8});
        pool.add_demand(static_cast<std::ptrdiff_t>(frames_.size()));
        for (weir::PooledFrame& frame : frames_)
            frame = pool.acquire();
    }
    const weir::PooledFrame& frame() { return frames_[next_++ % frames_.size()]; }

    weir::Engine engine;

private:
    static weir::EngineConfig config(unsigned threads) {
        weir::EngineConfig config;
        config.threads = threads;
        return config;
    }
    std::array<weir::PooledFrame, 128> frames_;
    std::size_t next_ = 0;
};

} // namespace bench
