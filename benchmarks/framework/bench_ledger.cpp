// What the ledger costs: frames through a pipeline of ten stages that pass them on, with and without the note of who has them.
// Prints one JSON object, nanoseconds a hop.
//
//   bench-ledger [--pairs N]
//
// Nobody can turn the ledger off. What passes here is a frame inside a type whose overload of `pass_to` leaves the note out
// when told so: the same code, and so the same layout of it, with and without. Short runs of both follow each other, in
// changing order; `difference` is the median over the differences of such pairs, `noise` the same of pairs without a note.
#include "median.hpp"
#include "pass_through.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <string>
#include <vector>

namespace bench {

struct Noted {
    weir::PooledFrame frame;
    static inline bool leave_out = false; ///< changed between runs only
};
inline void pass_to(const Noted& item, weir::HolderId holder, std::int64_t now) noexcept {
    if (!Noted::leave_out)
        weir::pass_to(item.frame, holder, now);
}

} // namespace bench

namespace {

constexpr int items = 5'000; ///< of one run

nlohmann::ordered_json compare(unsigned threads, int pairs) {
    using bench::median;
    bench::Passing passing(threads);
    const auto run = [&](bool leave_out) {
        bench::Noted::leave_out = leave_out;
        return bench::pass_through(passing.engine, [&] { return bench::Noted{passing.frame()}; }, items);
    };
    const auto with_note = [&] { return run(false); };
    const auto without_note = [&] { return run(true); };
    with_note(); // warm
    std::vector<double> with, without, difference, noise;
    for (int i = 0; i < pairs; ++i) {
        const bool first = i % 2 == 0;
        const double before = first ? with_note() : 0;
        const double one = without_note();
        const double other = without_note();
        const double noted = first ? before : with_note();
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
