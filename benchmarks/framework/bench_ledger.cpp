// What the ledger costs: frames through a pipeline of ten stages that pass them on, with and without the note of who has them.
// Prints one JSON object, nanoseconds a hop.
//
//   bench-ledger [--pairs N]
//
// Nobody can turn the ledger off. What goes without a note here is a frame inside a type of which it does not know that it
// holds one; the other type says so. The rest of the pipeline is the same. Short runs of both follow each other, in changing
// order; `difference` is the median over the differences of such pairs, `noise` the same of pairs without a note.
#include <weir/framework/weir.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bench {

struct WithoutNote {
    weir::PooledFrame frame;
};
struct WithNote {
    weir::PooledFrame frame;
};
inline void pass_to(const WithNote& item, weir::HolderId holder, std::int64_t now) noexcept {
    weir::pass_to(item.frame, holder, now);
}

} // namespace bench

namespace {

constexpr int stages = 10;
constexpr int hops = stages + 1;
constexpr int items = 5'000; ///< of one run
constexpr std::size_t capacity = 8;

template <class Item> void run(weir::Engine& engine, const weir::PooledFrame& frame) {
    weir::Pipeline pipeline(engine);
    weir::OutRef<Item> last = pipeline
                                  .add("source", weir::source([&frame, left = items]() mutable -> std::optional<Item> {
                                           if (left-- == 0)
                                               return std::nullopt;
                                           return Item{frame};
                                       }))
                                  .out();
    for (int i = 0; i < stages; ++i) {
        const auto stage = pipeline.add("stage" + std::to_string(i), weir::map([](Item item) { return item; }));
        pipeline.connect(last, stage.in(), {.capacity = capacity});
        last = stage.out();
    }
    pipeline.connect(last, pipeline.add("sink", weir::sink([](Item) {})).in(), {.capacity = capacity});
    pipeline.run();
}

/// Nanoseconds a hop.
template <class Item> double measure(weir::Engine& engine, const weir::PooledFrame& frame) {
    const auto begin = std::chrono::steady_clock::now();
    run<Item>(engine, frame);
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / (items * hops);
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

nlohmann::ordered_json compare(unsigned threads, int pairs) {
    weir::EngineConfig config;
    config.threads = threads;
    weir::Engine engine(std::move(config));
    auto pool = engine.registry().frames({64, 64, weir::PixelFormat::gray8});
    pool.add_demand(1);
    const weir::PooledFrame frame = pool.acquire();
    measure<bench::WithNote>(engine, frame); // warm
    std::vector<double> with, without, difference, noise;
    for (int i = 0; i < pairs; ++i) {
        const bool first = i % 2 == 0;
        const double before = first ? measure<bench::WithNote>(engine, frame) : 0;
        const double one = measure<bench::WithoutNote>(engine, frame);
        const double other = measure<bench::WithoutNote>(engine, frame);
        const double noted = first ? before : measure<bench::WithNote>(engine, frame);
        with.push_back(noted);
        without.push_back(first ? one : other);
        difference.push_back(with.back() - without.back()); // neighbours
        noise.push_back(first ? one - other : other - one);
    }
    return {{"with", median(with)}, {"without", median(without)}, {"difference", median(difference)}, {"noise", median(noise)}};
}

} // namespace

int main(int argc, char** argv) try {
    int pairs = 500;
    CLI::App app("What the ledger costs a hop");
    app.add_option("--pairs", pairs, "Pairs of runs with and without")->check(CLI::Range(1, 100'000));
    CLI11_PARSE(app, argc, argv);
    nlohmann::ordered_json result;
    for (const unsigned threads : {1u, 2u})
        result["hop_ns"][std::to_string(threads)] = compare(threads, pairs);
    std::cout << result.dump(2) << '\n';
    return 0;
} catch (const std::exception& error) {
    std::cerr << "bench-ledger: " << error.what() << '\n';
    return 1;
}
