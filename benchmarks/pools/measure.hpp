#pragma once
// How the pool benchmarks measure: rounds of every subject in turn, and the medians over the rounds.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

/// Nanoseconds of one operation: `threads` threads begin together, each calls `body(index)`, which does `operations` of them.
inline double time_threads(unsigned threads, std::size_t operations, const std::function<void(unsigned)>& body) {
    std::atomic<unsigned> ready{0};
    std::atomic<bool> go{false};
    std::vector<std::jthread> others;
    const auto run = [&](unsigned index) {
        ready.fetch_add(1, std::memory_order_relaxed);
        while (!go.load(std::memory_order_acquire)) { // pairs with the store below
        }
        body(index);
    };
    for (unsigned i = 1; i < threads; ++i)
        others.emplace_back(run, i);
    while (ready.load(std::memory_order_relaxed) + 1 < threads) {
    }
    const auto begin = Clock::now();
    go.store(true, std::memory_order_release);
    body(0);
    others.clear(); // joins
    return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / static_cast<double>(operations);
}

inline double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

} // namespace bench
