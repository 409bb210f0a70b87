// Many paced pipelines in one engine: threads, memory, deadlines, load. Prints one JSON object.
#include <weir/framework/pipeline.hpp>
#include <weir/stages/null.hpp>
#include <weir/stages/pace.hpp>
#include <weir/stages/testsrc.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <limits>
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

/// When the frames of a pipeline came behind `pace`: against the one that was earliest for its time.
class Arrivals {
public:
    void note(const PooledFrame& frame) {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        const std::int64_t due = rescale(frame.header().pts, frame.header().time_base, {1, 1'000'000'000});
        const std::int64_t offset = std::chrono::nanoseconds(now).count() - due;
        earliest_ = std::min(earliest_, offset);
        const std::int64_t late = offset - earliest_;
        frames_.fetch_add(1, std::memory_order_relaxed);
        late_.fetch_add(late > 50'000'000, std::memory_order_relaxed);
        if (late > latest_.load(std::memory_order_relaxed)) // this stage alone writes it
            latest_.store(late, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t frames() const { return frames_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t late() const { return late_.load(std::memory_order_relaxed); } ///< by more than 50 ms
    [[nodiscard]] std::int64_t latest() const { return latest_.load(std::memory_order_relaxed); }

private:
    std::int64_t earliest_ = std::numeric_limits<std::int64_t>::max();
    std::atomic<std::uint64_t> frames_{0};
    std::atomic<std::uint64_t> late_{0};
    std::atomic<std::int64_t> latest_{0};
};

std::unique_ptr<Pipeline> make_pipeline(Engine& engine, unsigned number, Arrivals& arrivals) {
    auto pipeline = std::make_unique<Pipeline>(engine, "pipeline " + std::to_string(number));
    const auto note = map([&arrivals](PooledFrame frame) {
        arrivals.note(frame);
        return frame;
    });
    pipeline->add("src", testsrc({.width = 64, .height = 64, .rate = {30, 1}})) >> pipeline->add("pace", pace()) >>
        pipeline->add("map", note) >> pipeline->add("null", null());
    return pipeline;
}

/// What was promised; says what does not hold.
bool holds(const nlohmann::ordered_json& result, unsigned io_threads) {
    bool all = true;
    const auto expect = [&](bool holds, const std::string& what) {
        if (!holds)
            std::cerr << "does not hold: " << what << '\n';
        all = all && holds;
    };
    expect(result.at("threads").get<unsigned>() <= result.at("cores").get<unsigned>() + io_threads + 4,
           "as many threads as cores and for I/O, and 4");
    expect(result.at("frames").get<double>() >= 0.99 * result.at("frames_wanted").get<double>(), "30 frames a second");
    expect(result.at("deadlines_met").get<double>() >= 0.999, "999 of 1,000 frames less than 50 ms late");
    expect(result.at("kib_a_pipeline").get<double>() <= 64, "64 KiB a pipeline besides its frames");
    expect(result.at("cpu_of_all_cores").get<double>() < 0.5, "half of the cores");
    return all;
}

} // namespace

int main(int argc, char** argv) {
    unsigned count = 1000;
    double seconds = 20;
    bool check = false;
    CLI::App app("Runs paced pipelines (testsrc 64x64 ! pace ! map ! null, 30 frames a second) at once in one engine.");
    app.add_option("--pipelines", count, "how many")->check(CLI::Range(1, 2900))->capture_default_str();
    app.add_option("--seconds", seconds, "how long, after all have started")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    app.add_flag("--check", check, "fail if the limits for 1,000 pipelines on 2 cores do not hold; says which");
    CLI11_PARSE(app, argc, argv);

    const EngineConfig config;
    Engine engine(config);
    std::vector<Arrivals> arrivals(count);
    make_pipeline(engine, 0, arrivals.front())->check(); // what is made once is made now
    const std::uint64_t before = status("VmRSS");
    std::vector<std::unique_ptr<Pipeline>> pipelines;
    for (unsigned i = 0; i < count; ++i)
        pipelines.push_back(make_pipeline(engine, i, arrivals[i]));
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
    std::int64_t latest = 0;
    for (const Arrivals& each : arrivals) {
        frames += each.frames();
        late += each.late();
        latest = std::max(latest, each.latest());
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
    result["latest_ms"] = static_cast<double>(latest) / 1e6;
    result["cpu_of_all_cores"] = cpu / elapsed / cores;
    result["frames_kib"] = frame_bytes / 1024;
    result["kib_a_pipeline"] = kib / count;
    std::cout << result.dump(2) << '\n';
    return check && !holds(result, config.io_threads) ? 1 : 0;
}
