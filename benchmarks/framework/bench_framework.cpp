// What a hop from stage to stage costs, beside oneTBB's own nodes and GStreamer's queues; what a stage gains that has two calls
// under way. Prints one JSON object with medians of interleaved runs.
//
//   bench-framework [--runs N] [--items N]
//
// hop_ns.weir.<threads>      ten stages that pass frames on through links of capacity 8, with everything that is always on:
//                            bounds, statistics, stall rule, ledger
// hop_ns.tbb.<threads>       the same frames through plain oneTBB function_nodes with unbounded queues
// hop_ns.weir_int, tbb_int   the same with an int for a frame
// hop_ns.gst_queue_identity  empty buffers through GStreamer's queue ! identity; it has a thread for each
// allocations_per_item       Weir's, by all threads, once warm
// parallel2_speedup          parallel(2) of a body of 1 ms, against the same calls in a row
// two_threads_speedup        two plain threads that share out the same calls
#include "../../tests/support/count_allocations.hpp"
#include "median.hpp"
#include "pass_through.hpp"
#include "tbb_chain.hpp"
#include "two_at_once.hpp"
#ifdef WEIR_BENCH_GST
#include "gst_chain.hpp"
#endif

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace {

using nlohmann::ordered_json;

/// Something measured again and again.
struct Subject {
    std::string name;
    std::string threads; ///< empty: those it takes
    std::function<double()> run;
    std::vector<double> figures;
};

/// Weir's and oneTBB's chains with so many threads.
struct Chains {
    explicit Chains(unsigned threads) : passing(threads), tbb_frames(threads), tbb_ints(threads) {}
    bench::Passing passing;
    bench::TbbChain<weir::PooledFrame> tbb_frames;
    bench::TbbChain<int> tbb_ints;
};

/// From when a fifth of the items has arrived until all have.
double allocations_per_item(bench::Passing& passing, int items) {
    std::uint64_t allocations = 0;
    const int warm = items / 5;
    bench::pass_through(
        passing.engine, [&] { return passing.frame(); }, items,
        [&](int arrived) {
            if (arrived == warm)
                support::start_counting_allocations();
            if (arrived == items)
                allocations = support::stop_counting_allocations();
        });
    return static_cast<double>(allocations) / (items - warm);
}

} // namespace

int main(int argc, char** argv) try {
    int runs = 15;
    int items = 20'000;
    int calls = 400;
    CLI::App app("What a hop costs");
    app.add_option("--runs", runs, "Runs of each, in turn")->check(CLI::Range(1, 10'000));
    app.add_option("--items", items, "Items of a run")->check(CLI::Range(100, 100'000'000));
    app.add_option("--calls", calls, "Calls of 1 ms in a run")->check(CLI::Range(2, 1'000'000));
    CLI11_PARSE(app, argc, argv);

    Chains one(1);
    Chains two(2);
    bench::TwoAtOnce two_at_once;
    std::vector<Subject> subjects;
    const auto add = [&](const std::string& name, const std::string& threads_of_it, std::function<double()> run) {
        subjects.push_back({name, threads_of_it, std::move(run), {}});
    };
    for (Chains* const chains : {&one, &two}) {
        const std::string name = chains == &one ? "1" : "2";
        const auto frame = [chains] { return chains->passing.frame(); };
        const auto number = [n = 0]() mutable { return ++n; };
        weir::Engine& engine = chains->passing.engine;
        add("weir", name, [&engine, frame, items] { return bench::pass_through(engine, frame, items); });
        add("tbb", name, [=] { return chains->tbb_frames.pass_through(frame, items); });
        add("weir_int", name, [&engine, number, items] { return bench::pass_through(engine, number, items); });
        add("tbb_int", name, [=] { return chains->tbb_ints.pass_through(number, items); });
    }
#ifdef WEIR_BENCH_GST
    bench::GstChain gst;
    add("gst_queue_identity", "", [=] { return bench::GstChain::pass_through(items); });
#endif
    std::vector<double> alone, parallel, threads;
    for (int run = 0; run <= runs; ++run) {
        for (Subject& subject : subjects)
            if (const double figure = subject.run(); run > 0) // the first warms
                subject.figures.push_back(figure);
        alone.push_back(two_at_once.alone(calls));
        parallel.push_back(alone.back() / two_at_once.in_parallel(calls));
        threads.push_back(alone.back() / two_at_once.on_two_threads(calls));
    }
    ordered_json result;
    for (const Subject& subject : subjects) {
        ordered_json& place = result["hop_ns"][subject.name];
        (subject.threads.empty() ? place : place[subject.threads]) = bench::median(subject.figures);
    }
    result["allocations_per_item"] = allocations_per_item(two.passing, items);
    result["parallel2_speedup"] = bench::median(parallel);
    result["two_threads_speedup"] = bench::median(threads);
    std::cout << result.dump(2) << '\n';
    return 0;
} catch (const std::exception& error) {
    std::cerr << "bench-framework: " << error.what() << '\n';
    return 1;
}
