#pragma once
// Google Benchmark's repetitions as medians.
#include "median.hpp"

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Runs what is registered, all repetitions interleaved at random, and keeps nanoseconds of an operation of one thread.
class Medians : private benchmark::BenchmarkReporter {
public:
    /// `defaults` are options that the command line may overrule. False if the command line is wrong, which is said.
    bool run(int argc, char** argv, std::vector<std::string> defaults) {
        std::vector<char*> arguments{argv[0]};
        defaults.emplace_back("--benchmark_enable_random_interleaving=true");
        for (std::string& option : defaults)
            arguments.push_back(option.data());
        arguments.insert(arguments.end(), argv + 1, argv + argc);
        auto count = static_cast<int>(arguments.size());
        arguments.push_back(nullptr);
        benchmark::Initialize(&count, arguments.data());
        if (benchmark::ReportUnrecognizedArguments(count, arguments.data()))
            return false;
        benchmark::RunSpecifiedBenchmarks(this);
        return true;
    }

    /// null if it was not measured.
    [[nodiscard]] nlohmann::ordered_json of(const std::string& name, int threads) const {
        const auto found = figures_.find({name, threads});
        if (found == figures_.end())
            return nullptr;
        return median(found->second);
    }

private:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.error_occurred)
                throw std::runtime_error(run.benchmark_name() + ": " + run.error_message);
            if (run.run_type == Run::RT_Iteration) // the time is one thread's, the iterations are those of all
                figures_[{run.run_name.function_name, static_cast<int>(run.threads)}].push_back(
                    run.real_accumulated_time * 1e9 * static_cast<double>(run.threads) / static_cast<double>(run.iterations));
        }
    }

    std::map<std::pair<std::string, int>, std::vector<double>> figures_;
};

} // namespace bench
