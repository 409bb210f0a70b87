// Weir's pools beside FFmpeg's and GStreamer's, in one run: prints one JSON object with medians, nanoseconds an operation.
//
//   bench-pools [--benchmark_repetitions=15] [--benchmark_min_time=0.02] [Google Benchmark's other options]
//
// The repetitions of all subjects are interleaved at random, so that a change of the machine's speed meets all of them.
#include "medians.hpp"
#include "weir_subjects.hpp"
#ifdef WEIR_BENCH_AV
#include "av_subject.hpp"
#endif
#ifdef WEIR_BENCH_GST
#include "gst_subject.hpp"
#endif

#include <iostream>
#include <string>
#include <vector>

namespace {

const std::vector<std::string> cases{"acquire_release", "acquire_here_release_there", "handle_copy"};
const std::vector<std::string> subjects{"weir_mutex", "weir_lockfree", "weir_default", "avbufferpool", "gstvideobufferpool"};
const std::vector<int> thread_counts{1, 2};

void add(const std::string& what, const char* subject, void (*function)(benchmark::State&),
         void (*set_up)(const benchmark::State&), void (*tear_down)(const benchmark::State&)) {
    for (const int threads : thread_counts)
        benchmark::RegisterBenchmark((what + "/" + subject).c_str(), function)
            ->Setup(set_up)
            ->Teardown(tear_down)
            ->Threads(threads)
            ->UseRealTime();
}

template <class Subject> void add_subject() {
    using bench::Shared;
    add("acquire_release", Subject::name, bench::acquire_release<Subject>, Shared<Subject>::set_up, Shared<Subject>::tear_down);
    add("acquire_here_release_there", Subject::name, bench::acquire_here_release_there<Subject>, Shared<Subject>::set_up,
        Shared<Subject>::tear_down);
    add("handle_copy", Subject::name, bench::handle_copy<Subject>, Shared<Subject>::set_up, Shared<Subject>::tear_down);
}

} // namespace

int main(int argc, char** argv) try {
    add_subject<bench::WeirMutex>();
    add_subject<bench::WeirLockFree>();
    add_subject<bench::WeirDefault>();
#ifdef WEIR_BENCH_AV
    add_subject<bench::AvPool>();
#endif
#ifdef WEIR_BENCH_GST
    add_subject<bench::GstPool>();
#endif
    bench::Medians medians;
    if (!medians.run(argc, argv, {"--benchmark_repetitions=15", "--benchmark_min_time=0.02"}))
        return 2;
    nlohmann::ordered_json result;
    for (const std::string& what : cases)
        for (const std::string& subject : subjects)
            for (const int threads : thread_counts)
                result[what][subject][std::to_string(threads)] = medians.of(what + "/" + subject, threads);
    std::cout << result.dump(2) << '\n';
    return 0;
} catch (const std::exception& error) {
    std::cerr << "bench-pools: " << error.what() << '\n';
    return 1;
}
