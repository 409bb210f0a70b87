#pragma once
// How a pool grows, and what it does when it may not grow further.
#include <weir/pools/allocator.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir {

/// How many buffers a pool makes when it has none left and is below its maximum.
struct GrowthStrategy {
    enum class Kind : std::uint8_t { fixed, linear, exponential };
    Kind kind = Kind::linear;
    std::size_t step = 1; ///< for linear

    /// Never grows beyond `initial_capacity`: that is its maximum.
    [[nodiscard]] static constexpr GrowthStrategy fixed() noexcept { return {Kind::fixed, 0}; }
    /// Makes `n` buffers at a time.
    [[nodiscard]] static constexpr GrowthStrategy linear(std::size_t n) noexcept { return {Kind::linear, n}; }
    /// Doubles.
    [[nodiscard]] static constexpr GrowthStrategy exponential() noexcept { return {Kind::exponential, 0}; }

    friend bool operator==(const GrowthStrategy&, const GrowthStrategy&) = default;
};

/// What `acquire` does at the maximum.
enum class OverflowPolicy : std::uint8_t {
    spill, ///< allocate beyond the maximum, free it on return, count and warn
    wait,  ///< block the calling thread up to `wait_timeout`, then throw PoolExhausted
    fail,  ///< throw PoolExhausted
    drop,  ///< return an empty handle, counted
};

/// Making a pool throws std::invalid_argument if it starts with more buffers than its maximum or grows by 0 at a time.
/// A pool has at most 65,535 buffers, whatever this says.
struct PoolConfig {
    std::size_t initial_capacity = 0;
    std::size_t max_capacity = 16;
    GrowthStrategy growth = GrowthStrategy::linear(1);
    OverflowPolicy overflow = OverflowPolicy::spill;
    bool zero_on_reuse = false;
    std::chrono::nanoseconds wait_timeout = std::chrono::seconds(10);
    BufferAllocator* allocator = nullptr; ///< host memory if null; outlives every buffer

    friend bool operator==(const PoolConfig&, const PoolConfig&) = default;
};

} // namespace weir
