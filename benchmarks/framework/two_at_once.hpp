#pragma once
// Work of a millisecond: one after the other, on two plain threads, and in a stage that has two calls under way.
#include <weir/framework/weir.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>

namespace bench {

/// Always the same instructions, so that it takes longer where something else takes the processor.
class Work {
public:
    /// About so long on this machine now.
    explicit Work(std::chrono::nanoseconds wanted) {
        constexpr std::uint64_t trial = 2'000'000;
        rounds_ = trial;
        const auto begin = std::chrono::steady_clock::now();
        const volatile std::uint64_t kept = (*this)(1); // or the compiler would leave the trial out
        static_cast<void>(kept);
        const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - begin;
        rounds_ = static_cast<std::uint64_t>(static_cast<double>(trial) * static_cast<double>(wanted.count()) /
                                             static_cast<double>(took.count()));
    }
    std::uint64_t operator()(std::uint64_t seed) const noexcept {
        for (std::uint64_t i = 0; i < rounds_; ++i)
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        return seed;
    }

private:
    std::uint64_t rounds_ = 0;
};

/// Seconds for `items` pieces of work.
class TwoAtOnce {
public:
    TwoAtOnce() : work_(std::chrono::milliseconds(1)) {
        weir::EngineConfig config;
        config.threads = 2;
        engine_.emplace(std::move(config));
    }
    double alone(int items) {
        return timed([&] {
            for (int i = 0; i < items; ++i)
                keep(work_(static_cast<std::uint64_t>(i)));
        });
    }
    double on_two_threads(int items) {
        return timed([&] {
            const auto half = [this, items](int begin) {
                for (int i = begin; i < items; i += 2)
                    keep(work_(static_cast<std::uint64_t>(i)));
            };
            std::jthread other(half, 1);
            half(0);
        });
    }
    double in_parallel(int items) {
        weir::Pipeline pipeline(*engine_);
        pipeline.add("numbers", weir::source([left = items]() mutable -> std::optional<std::uint64_t> {
                         return left-- > 0 ? std::optional<std::uint64_t>(left) : std::nullopt;
                     })) >>
            pipeline.add("work", weir::parallel(2, [this](std::uint64_t seed) { return work_(seed); })) >>
            pipeline.add("sink", weir::sink([this](std::uint64_t result) { keep(result); }));
        return timed([&] { pipeline.run(); });
    }

private:
    template <class F> static double timed(F f) {
        const auto begin = std::chrono::steady_clock::now();
        f();
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    void keep(std::uint64_t result) noexcept { kept_.fetch_xor(result, std::memory_order_relaxed); } // relaxed: never read

    Work work_;
    std::atomic<std::uint64_t> kept_{0};
    std::optional<weir::Engine> engine_;
};

} // namespace bench
