// Random graphs against the sequential interpreter of the same graph.
#include "property/run.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::size_t frames_out(weir::Engine& engine) {
    std::size_t out = 0;
    for (const weir::PoolReport& pool : engine.registry().stats())
        out += pool.stats.in_use + pool.stats.adopted_in_use;
    return out;
}

/// Says which seed hangs, and ends the program: a hang inside a pipeline cannot be recovered from.
class HangWatch {
public:
    HangWatch() : thread_([this] { watch(); }) {}
    ~HangWatch() {
        set(0);
        thread_.join();
    }
    void set(std::uint64_t seed) {
        const std::lock_guard lock(mutex_);
        seed_ = seed;
        changed_.notify_one();
    }

private:
    void watch() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return seed_ != none; });
        while (seed_ != 0) {
            const std::uint64_t seed = seed_;
            if (!changed_.wait_for(lock, std::chrono::seconds(60), [&] { return seed_ != seed; })) {
                std::cerr << "a graph hangs; replay with WEIR_PROPERTY_SEED=" << seed << "\n"
                          << to_string(property::random_graph(seed));
                std::abort();
            }
        }
    }
    static constexpr std::uint64_t none = ~std::uint64_t{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t seed_ = none;
    std::thread thread_;
};

} // namespace

// WEIR_PROPERTY_GRAPHS says how many, WEIR_PROPERTY_SEED replays one.
TEST_CASE("random graphs give what the sequential interpreter gives, and no frame stays out", "[framework][property]") {
    const std::uint64_t count = from_environment("WEIR_PROPERTY_GRAPHS", 2000);
    const std::uint64_t only = from_environment("WEIR_PROPERTY_SEED", 0);
    std::vector<std::unique_ptr<weir::Engine>> engines;
    for (unsigned threads = 1; threads <= 4; ++threads) {
        weir::EngineConfig config;
        config.threads = threads;
        config.log = [](weir::LogLevel, const std::string&) {}; // overflows are expected here
        engines.push_back(std::make_unique<weir::Engine>(config));
    }
    std::size_t failed = 0;
    HangWatch hang;
    const std::uint64_t first = only ? only : 1;
    const std::uint64_t last = only ? only : count;
    for (std::uint64_t seed = first; seed <= last && failed < 5; ++seed) {
        hang.set(seed);
        const property::GraphSpec spec = property::random_graph(seed);
        const property::Results expected = property::interpret(spec);
        weir::Engine& engine = *engines[spec.threads - 1];
        if (only)
            std::cerr << property::to_string(spec);
        std::string wrong;
        try {
            const property::Results results = property::run(spec, engine);
            if (results != expected)
                wrong = "the results differ";
            else if (frames_out(engine) != 0)
                wrong = std::to_string(frames_out(engine)) + " frames stayed out";
        } catch (const std::exception& error) {
            wrong = error.what();
        }
        if (!wrong.empty()) {
            ++failed;
            std::cerr << wrong << "; replay with WEIR_PROPERTY_SEED=" << seed << "\n" << property::to_string(spec);
        }
    }
    CHECK(failed == 0);
}
