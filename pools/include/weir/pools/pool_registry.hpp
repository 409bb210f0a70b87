#pragma once
// One pool for each layout of memory, under one budget of bytes.
#include <weir/pools/allocator.hpp>
#include <weir/pools/shared_pool.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir {

struct RegistryConfig {
    std::size_t max_bytes = 0; ///< over all pools, overflow included; 0: half of what the machine or its container has
    std::chrono::nanoseconds idle_time = std::chrono::seconds(30); ///< what nobody used for so long goes in `trim_cold`
    bool isolate = false; ///< zero a buffer when it is new or moves between owners (quotas)
    Locking locking = Locking::mutex;
    BufferAllocator* allocator = nullptr; ///< host memory if null; outlives every buffer
    std::function<void(const std::string&)> on_warning;
    std::function<void(const std::string&)> on_pool_made;
    std::function<void(const std::string&)> on_pool_retired;
};

/// One pool's figures with its name.
struct PoolReport {
    std::string format; ///< "1920x1088 yuv420p"
    PoolStats stats;
};

/// Makes pools at first request and keeps them for the next. Thread-safe. Pools and frames outlive it safely.
class PoolRegistry {
public:
    explicit PoolRegistry(RegistryConfig config = {});
    ~PoolRegistry();
    PoolRegistry(const PoolRegistry&) = delete;
    PoolRegistry& operator=(const PoolRegistry&) = delete;

    /// The pool of that layout. Locks; allocates if it makes one. Throws FormatError. A pool made here starts with a
    /// maximum of 0: `add_demand` raises it.
    [[nodiscard]] BasicFramePool frames(const VideoFormat& format, BufferRequirements requirements = {});
    /// The pool of that sample format and channels whose buffers hold `capacity` samples. Capacities below 8,192 are one pool.
    [[nodiscard]] BasicSamplePool samples(const AudioFormat& format, std::uint32_t capacity);

    [[nodiscard]] std::vector<PoolReport> stats() const;
    /// Every pool's frames that are out, in the order of the formats' names. As the next, it finds every frame there is:
    /// a pool with something out is never forgotten.
    [[nodiscard]] std::vector<Ledger> ledger() const;
    /// As SharedPool::for_each_out, over all pools.
    void for_each_out(const std::function<void(const Quota*, HolderId, std::size_t, std::uint32_t)>& visit) const;

    [[nodiscard]] std::size_t max_bytes() const noexcept;
    [[nodiscard]] std::size_t bytes() const noexcept; ///< held now over all pools
    [[nodiscard]] std::size_t peak_bytes() const noexcept;

    /// Frees all idle buffers and forgets the pools that have nothing out and nobody's handle.
    void trim();
    /// The same for pools that nobody used for `idle_time`; and of those in use, what was above their maximum for so long.
    /// To be called from time to time (an engine does): a pool counts as used when it was since the last call.
    void trim_cold();
    /// Makes `count` buffers of that layout now, or as many as the budget has room for. Throws std::bad_alloc.
    void prewarm(const VideoFormat& format, std::size_t count, BufferRequirements requirements = {});
    /// The same for sound; `capacity` as `samples` has it.
    void prewarm(const AudioFormat& format, std::uint32_t capacity, std::size_t count);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_; // frames out keep what they need of it
};

} // namespace weir
