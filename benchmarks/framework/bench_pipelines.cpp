// Many paced pipelines in one engine: threads, memory, deadlines, load. Prints one JSON object.
#include <weir/framework/pipeline.hpp>
#include <weir/stages/null.hpp>
#include <weir/stages/pace.hpp>
#include <weir/stages/testsrc.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace weir;

namespace {

/// A figure of /proc/self/status: "VmRSS" in KiB, "Threads".
std::uint64_t status(const std::string& name) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);)
        if (line.rfind(name + ":", 0) == 0)
            return std::stoull(line.substr(name.size() + 1));
    return 0;
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto in_seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

std::unique_ptr<Pipeline> make_pipeline(Engine& engine, unsigned number) {
    auto pipeline = std::make_unique<Pipeline>(engine, "pipeline " + std::to_string(number));
    pipeline->add("src", testsrc({.width = 64, .height = 64, .rate = {30, 1}})) >>
        pipeline->add("pace", pace({.max_late = 0.05})) >> pipeline->add("map", map([](PooledFrame frame) { return frame; })) >>
        pipeline->add("null", null());
    return pipeline;
}

} // namespace

int main(int argc, char** argv) {
    unsigned count = 1000;
    double seconds = 20;
    CLI::App app("Runs paced pipelines (testsrc 64x64 ! pace ! map ! null, 30 frames a second) at once in one engine.");
    app.add_option("--pipelines", count, "how many")->check(CLI::Range(1, 2900))->capture_default_str();
    app.add_option("--seconds", seconds, "how long, after all have started")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    Engine engine;
    make_pipeline(engine, 0)->check(); // what is made once is made now
    const std::uint64_t before = status("VmRSS");
    std::vector<std::unique_ptr<Pipeline>> pipelines;
    for (unsigned i = 0; i < count; ++i)
        pipelines.push_back(make_pipeline(engine, i));
    for (const auto& pipeline : pipelines)
        pipeline->start();
    // Those that start first wait for no one; what is late while the others start counts, too.
    const double cpu_before = cpu_seconds();
    const auto began = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const double cpu = cpu_seconds() - cpu_before;
    const std::uint64_t threads = status("Threads");
    const std::uint64_t after = status("VmRSS");
    const std::size_t frame_bytes = engine.registry().bytes();

    std::uint64_t frames = 0;
    std::uint64_t late = 0;
    std::uint64_t latest = 0;
    for (const auto& pipeline : pipelines)
        for (const StageSnapshot& stage : pipeline->snapshot().stages)
            if (stage.name == "pace") {
                frames += stage.items_out;
                late += stage.counters.at("late");
                latest = std::max(latest, stage.counters.at("latest us"));
            }
    for (const auto& pipeline : pipelines)
        pipeline->cancel();
    for (const auto& pipeline : pipelines)
        try {
            pipeline->wait();
        } catch (const Cancelled&) {
            continue;
        }

    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    const double kib = static_cast<double>(after) - static_cast<double>(before) - static_cast<double>(frame_bytes) / 1024;
    nlohmann::ordered_json result;
    result["pipelines"] = count;
    result["seconds"] = elapsed;
    result["cores"] = cores;
    result["threads"] = threads;
    result["frames"] = frames;
    result["frames_wanted"] = 30.0 * elapsed * count;
    result["late"] = late;
    result["deadlines_met"] = frames ? 1 - static_cast<double>(late) / static_cast<double>(frames) : 0;
    result["latest_ms"] = static_cast<double>(latest) / 1000;
    result["cpu_of_all_cores"] = cpu / elapsed / cores;
    result["frames_kib"] = frame_bytes / 1024;
    result["kib_a_pipeline"] = kib / count;
    std::cout << result.dump(2) << '\n';
}
