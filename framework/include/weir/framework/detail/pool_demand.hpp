#pragma once
// A producer's share in the maximum of the pool it uses.
#include <weir/pools/shared_pool.hpp>

#include <cstddef>
#include <utility>

namespace weir::detail {

/// Adds to a pool's maximum for as long as it lives. `Pool` is one of the pool handles. Not thread-safe.
template <class Pool> class PoolDemand {
public:
    PoolDemand() = default;
    explicit PoolDemand(Pool pool) noexcept : pool_(std::move(pool)) {}
    PoolDemand(PoolDemand&& other) noexcept
        : pool_(std::exchange(other.pool_, {})), buffers_(std::exchange(other.buffers_, 0)) {}
    PoolDemand& operator=(PoolDemand&& other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(buffers_, other.buffers_);
        return *this;
    }
    ~PoolDemand() { set(0); }

    void set(std::size_t buffers) noexcept {
        if (pool_ && buffers != buffers_)
            pool_.add_demand(static_cast<std::ptrdiff_t>(buffers) - static_cast<std::ptrdiff_t>(buffers_));
        buffers_ = buffers;
    }
    [[nodiscard]] std::size_t buffers() const noexcept { return buffers_; }
    [[nodiscard]] const Pool& pool() const noexcept { return pool_; }

private:
    Pool pool_;
    std::size_t buffers_ = 0;
};

/// The pool in use and the one before: what is still out of that one was counted in its maximum, and stays so until the
/// format changes again. A change and back finds it as it was.
template <class Pool> class CurrentPool {
public:
    [[nodiscard]] Pool& operator*() noexcept { return pool_; }
    [[nodiscard]] PoolDemand<Pool>& demand() noexcept { return current_; }
    explicit operator bool() const noexcept { return static_cast<bool>(pool_); }

    void change(Pool pool) noexcept {
        PoolDemand<Pool> next = pool == previous_.pool() ? std::move(previous_) : PoolDemand<Pool>(pool);
        previous_ = std::move(current_);
        current_ = std::move(next);
        pool_ = std::move(pool);
    }

private:
    Pool pool_;
    PoolDemand<Pool> current_;
    PoolDemand<Pool> previous_;
};

/// Whether a pool's buffers can take `count` samples of that format.
[[nodiscard]] inline bool holds(const BasicSamplePool& pool, const AudioFormat& format, std::uint32_t count) noexcept {
    return pool.layout().sample_format == format.sample_format && pool.layout().channels == format.layout.channels &&
           pool.layout().capacity >= count;
}

} // namespace weir::detail
