// Weir's pools beside FFmpeg's and GStreamer's, in one run: prints one JSON object with medians, nanoseconds an operation.
//
//   bench-pools [--rounds N] [--operations N]
//
// Every round measures each subject once, one after the other, so that a change of the machine's speed meets all of them.
#include "weir_subjects.hpp"
#ifdef WEIR_BENCH_AV
#include "av_subject.hpp"
#endif
#ifdef WEIR_BENCH_GST
#include "gst_subject.hpp"
#endif

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <map>
#include <string>

namespace {

using bench::handle_copy;

struct Options {
    std::size_t rounds = 15;
    std::size_t operations = 200'000;
};

/// The figures of one case: by subject and number of threads.
using Figures = std::map<std::string, std::map<unsigned, std::vector<double>>>;

class Measurement {
public:
    explicit Measurement(const Options& options) : options_(options) {}

    template <class Subject> void round() {
        for (const unsigned threads : {1u, 2u}) {
            Subject pool;
            note("acquire_release", Subject::name, threads, bench::acquire_release(pool, threads, options_.operations));
            note("acquire_here_release_there", Subject::name, threads,
                 bench::acquire_here_release_there(pool, threads, options_.operations));
            if constexpr (requires(const typename Subject::Handle& handle) { Subject::copy(handle); })
                note("handle_copy", Subject::name, threads, handle_copy(pool, threads, options_.operations));
        }
    }
    void note(const std::string& what, const std::string& subject, unsigned threads, double nanoseconds) {
        figures_[what][subject][threads].push_back(nanoseconds);
    }
    [[nodiscard]] nlohmann::ordered_json medians() const {
        nlohmann::ordered_json result;
        for (const char* what : {"acquire_release", "acquire_here_release_there", "handle_copy"})
            for (const char* subject : {"weir_mutex", "weir_lockfree", "weir_default", "avbufferpool", "gstvideobufferpool"})
                for (const unsigned threads : {1u, 2u})
                    result[what][subject][std::to_string(threads)] = median_of(what, subject, threads);
        return result;
    }
    [[nodiscard]] const Options& options() const noexcept { return options_; }

private:
    /// null where it was not measured.
    [[nodiscard]] nlohmann::ordered_json median_of(const std::string& what, const std::string& subject,
                                                   unsigned threads) const {
        const auto by_case = figures_.find(what);
        if (by_case == figures_.end())
            return nullptr;
        const auto by_subject = by_case->second.find(subject);
        if (by_subject == by_case->second.end())
            return nullptr;
        return bench::median(by_subject->second.at(threads));
    }

    Options options_;
    std::map<std::string, Figures> figures_;
};

} // namespace

int main(int argc, char** argv) try {
    Options options;
    CLI::App app("Weir's pools beside FFmpeg's and GStreamer's");
    app.add_option("--rounds", options.rounds, "Rounds; medians over them are printed")->check(CLI::Range(1, 1000));
    app.add_option("--operations", options.operations, "Operations of each measurement")->check(CLI::Range(1, 100'000'000));
    CLI11_PARSE(app, argc, argv);

    Measurement measurement(options);
    for (std::size_t i = 0; i < options.rounds; ++i) {
        measurement.round<bench::WeirMutex>();
        measurement.round<bench::WeirLockFree>();
        measurement.round<bench::WeirDefault>();
#ifdef WEIR_BENCH_AV
        measurement.round<bench::AvPool>();
        for (const unsigned threads : {1u, 2u})
            measurement.note("handle_copy", bench::AvPool::name, threads, bench::av_frame_copy(threads, options.operations));
#endif
#ifdef WEIR_BENCH_GST
        measurement.round<bench::GstPool>();
#endif
    }
    std::cout << measurement.medians().dump(2) << '\n';
    return 0;
} catch (const std::exception& error) {
    std::cerr << "bench-pools: " << error.what() << '\n';
    return 1;
}
