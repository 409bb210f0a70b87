#pragma once
// A pool's figures at one moment.
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir {

/// `capacity == available + in_use` and `total_acquires - total_releases == in_use`, always. Copies of handles do not
/// count, adopted memory is only in the `adopted` figures. While other threads are busy the totals may lag by the acquires
/// that are under way.
struct PoolStats {
    std::size_t capacity = 0;  ///< buffers allocated now, overflow included
    std::size_t available = 0; ///< idle
    std::size_t in_use = 0;    ///< out
    std::uint64_t total_acquires = 0;
    std::uint64_t total_releases = 0;
    std::uint64_t allocations = 0; ///< buffers ever made
    std::size_t peak_usage = 0;    ///< the most that were out at once
    std::size_t max_capacity = 0;
    std::uint64_t overflows = 0; ///< buffers made beyond the maximum
    std::uint64_t drops = 0;     ///< empty handles given by OverflowPolicy::drop
    std::uint64_t waits = 0;     ///< acquires that had to wait
    std::chrono::nanoseconds wait_time{};
    std::uint64_t adopted = 0;      ///< foreign buffers ever adopted
    std::size_t adopted_in_use = 0; ///< foreign buffers out now
    std::size_t bytes = 0;          ///< memory held now, idle and out
};

} // namespace weir
