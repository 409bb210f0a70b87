// Random graphs against the sequential interpreter of the same graph.
#include <weir/pools/allocator.hpp>

#include "property/branches.hpp"
#include "property/run.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <new>
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

bool is_prefix(const std::vector<std::uint64_t>& part, const std::vector<std::uint64_t>& whole) {
    return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}
/// In order, with some left out.
bool is_part(const std::vector<std::uint64_t>& part, const std::vector<std::uint64_t>& whole) {
    auto at = whole.begin();
    for (const std::uint64_t value : part) {
        at = std::find(at, whole.end(), value);
        if (at == whole.end())
            return false;
        ++at;
    }
    return true;
}

/// Whether each sink recorded what it should; what a run that was cut short recorded is the beginning of it.
bool right(const property::GraphSpec& spec, const property::Results& results, const property::Results& expected, bool cut) {
    std::vector<bool> drops(spec.nodes.size());
    for (const property::LinkSpec& link : spec.links)
        drops[link.to] = drops[link.to] || link.drops;
    for (std::size_t i = 0; i < results.size(); ++i)
        if (drops[i] ? !is_part(results[i], expected[i])
            : cut    ? !is_prefix(results[i], expected[i])
                     : results[i] != expected[i])
            return false;
    return true;
}

/// One of the next few allocations of a pool fails.
class ScarceMemory final : public weir::BufferAllocator {
public:
    std::byte* allocate(std::size_t bytes, std::size_t alignment) override {
        if (until_failure_.load() >= 0 && until_failure_.fetch_sub(1) == 0) {
            has_failed_.store(true);
            throw std::bad_alloc();
        }
        return weir::host_allocator().allocate(bytes, alignment);
    }
    void deallocate(std::byte* memory, std::size_t bytes, std::size_t alignment) noexcept override {
        weir::host_allocator().deallocate(memory, bytes, alignment);
    }
    void fail_after(std::int64_t allocations) {
        has_failed_.store(false);
        until_failure_.store(allocations);
    }
    [[nodiscard]] bool has_failed() const { return has_failed_.load(); }

private:
    std::atomic<std::int64_t> until_failure_{-1};
    std::atomic<bool> has_failed_{false};
};

bool is_out_of_memory(const std::exception_ptr& error) {
    try {
        if (error)
            std::rethrow_exception(error);
    } catch (const std::bad_alloc&) {
        return true;
    } catch (...) {
        return false;
    }
    return false;
}

/// Makes the graphs of the seeds that the environment says, and runs each by `run_one`, which says what was wrong, or nothing.
/// So many times, each with other bounds.
template <class F>
std::size_t count_wrong(F run_one, weir::BufferAllocator& memory = weir::host_allocator(), std::uint64_t times = 1) {
    const std::uint64_t count = from_environment("WEIR_PROPERTY_GRAPHS", 2000);
    const std::uint64_t only = from_environment("WEIR_PROPERTY_SEED", 0);
    std::vector<std::unique_ptr<weir::Engine>> engines;
    for (unsigned threads = 1; threads <= 4; ++threads) {
        weir::EngineConfig config;
        config.threads = threads;
        config.registry.allocator = &memory;
        config.log = [](weir::LogLevel, const std::string&) {}; // overflows are expected here
        engines.push_back(std::make_unique<weir::Engine>(config));
    }
    std::size_t failed = 0;
    HangWatch hang;
    const std::uint64_t first = only ? only : 1;
    const std::uint64_t last = only ? only : count;
    for (std::uint64_t seed = first; seed <= last && failed < 5; ++seed) {
        hang.set(seed);
        property::GraphSpec spec = property::random_graph(seed);
        for (std::uint64_t time = 0; time < times; ++time) {
            if (time > 0)
                change_bounds(spec, time);
            weir::Engine& engine = *engines[spec.threads - 1];
            if (only)
                std::cerr << property::to_string(spec);
            std::string wrong = run_one(spec, engine);
            if (wrong.empty() && frames_out(engine) != 0)
                wrong = std::to_string(frames_out(engine)) + " frames stayed out";
            if (!wrong.empty()) {
                ++failed;
                std::cerr << wrong << "; replay with WEIR_PROPERTY_SEED=" << seed << "\n" << property::to_string(spec);
                break;
            }
        }
    }
    return failed;
}

/// Runs it while something is done to it; says what was wrong. `memory`: may fail.
std::string run_disturbed(const property::GraphSpec& spec, weir::Engine& engine,
                          const std::function<void(const property::Running&)>& disturb, const ScarceMemory* memory = nullptr) {
    const property::Results expected = property::interpret(spec);
    property::Results results(spec.nodes.size());
    bool cut = false;
    try {
        property::run(spec, engine, results, disturb);
    } catch (const weir::Cancelled&) {
        cut = true;
    } catch (const weir::Error& error) {
        const bool out_of_memory = memory && memory->has_failed() && is_out_of_memory(error.cause());
        if (!out_of_memory && (error.message() != property::planned || !property::may_fail(spec)))
            return error.what();
        cut = true;
    } catch (const std::exception& error) {
        return error.what();
    }
    return right(spec, results, expected, cut) ? "" : "the results differ";
}

} // namespace

// WEIR_PROPERTY_GRAPHS says how many, WEIR_PROPERTY_SEED replays one.
TEST_CASE("random graphs give what the sequential interpreter gives for any threads, capacities and quotas, and no frame "
          "stays out",
          "[framework][property]") {
    CHECK(count_wrong([](const property::GraphSpec& spec, weir::Engine& engine) { return run_disturbed(spec, engine, {}); },
                      weir::host_allocator(), 3) == 0);
}

TEST_CASE("random graphs that are paused now and then give the same", "[framework][property][pause]") {
    CHECK(count_wrong([](const property::GraphSpec& spec, weir::Engine& engine) {
              return run_disturbed(spec, engine, [&spec](const property::Running& running) {
                  weir::Pipeline& pipeline = running.pipeline;
                  for (std::uint64_t i = spec.seed % 8; i > 0; --i) {
                      pipeline.pause();
                      if (i % 2)
                          std::this_thread::yield();
                      pipeline.resume();
                  }
              });
          }) == 0);
}

TEST_CASE("random graphs that are cancelled at any moment recorded the beginning, and no frame stays out",
          "[framework][property][lifecycle]") {
    CHECK(count_wrong([](const property::GraphSpec& spec, weir::Engine& engine) {
              return run_disturbed(spec, engine, [&spec](const property::Running& running) {
                  const auto until =
                      std::chrono::steady_clock::now() + std::chrono::microseconds(property::mix(spec.seed, 1) % 300);
                  while (std::chrono::steady_clock::now() < until)
                      std::this_thread::yield();
                  running.pipeline.cancel();
              });
          }) == 0);
}

TEST_CASE("random graphs to which random branches come and from which they go give the same, and each branch a stretch of it",
          "[framework][property][branch]") {
    CHECK(count_wrong([](const property::GraphSpec& spec, weir::Engine& engine) {
              property::RandomBranches branches(spec);
              const std::string wrong =
                  run_disturbed(spec, engine, [&branches](const property::Running& running) { branches.disturb(running); });
              return wrong.empty() ? branches.check() : wrong;
          }) == 0);
}

TEST_CASE("random graphs whose pools run out of memory end with that error and recorded the beginning",
          "[framework][property]") {
    ScarceMemory memory;
    std::size_t failures = 0;
    CHECK(count_wrong(
              [&](property::GraphSpec spec, weir::Engine& engine) {
                  for (property::NodeSpec& node : spec.nodes) // these go on without the item, which changes what comes after it
                      if (node.failing == property::Failing::restarts || node.failing == property::Failing::detaches)
                          node.failing = property::Failing::never;
                  engine.registry().trim();
                  memory.fail_after(static_cast<std::int64_t>(property::mix(spec.seed, 2) % 16));
                  const std::string wrong = run_disturbed(spec, engine, {}, &memory);
                  failures += memory.has_failed();
                  memory.fail_after(-1);
                  return wrong;
              },
              memory) == 0);
    CHECK((failures > 0 || from_environment("WEIR_PROPERTY_SEED", 0) != 0));
}
