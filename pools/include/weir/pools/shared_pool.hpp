#pragma once
// Pools whose handles return by themselves: the mutex and the lock-free one, for pictures and for sound.
#include <weir/pools/errors.hpp>
#include <weir/pools/ledger.hpp>
#include <weir/pools/pool_config.hpp>
#include <weir/pools/pool_stats.hpp>
#include <weir/pools/pooled_frame.hpp>
#include <weir/pools/pooled_samples.hpp>
#include <weir/pools/waiter.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace weir {

namespace detail {
class PoolCore;
} // namespace detail

/// On whose behalf a buffer is acquired.
struct Acquirer {
    /// Already taken from; given back when the buffer returns, after the buffer is in its pool. May be null. Who gets no
    /// buffer (an empty handle, an exception) keeps what it took and gives it back itself.
    std::shared_ptr<Quota> quota;
    HolderId holder;      ///< the ledger's first note
    std::int64_t now = 0; ///< ledger_now(); 0: no age is shown
};

/// Foreign memory to be adopted as a picture.
struct ForeignFrame {
    std::array<detail::PlanePointer, 4> plane{};
    detail::ForeignRelease release = nullptr;
    void* opaque = nullptr;
};

/// Foreign memory to be adopted as sound: a pointer a channel if planar, else one.
struct ForeignSamples {
    std::byte** plane = nullptr; ///< lives until `release`
    detail::ForeignRelease release = nullptr;
    void* opaque = nullptr;
};

/// How the free list of a pool is kept.
enum class Locking : std::uint8_t { mutex, lock_free };

/// What frame and sample pools have in common. A copyable handle to one pool; the pool ends with its last handle, its
/// buffers with theirs. Thread-safe.
class SharedPool {
public:
    explicit operator bool() const noexcept { return core_ != nullptr; }
    friend bool operator==(const SharedPool&, const SharedPool&) = default;

    /// Walks all buffers under a lock that acquiring and returning do not take; allocates nothing.
    [[nodiscard]] PoolStats stats() const;
    /// Walks all buffers under the pool's lock; allocates the report.
    [[nodiscard]] Ledger ledger() const;
    /// Calls `visit(quota, holder id, bytes, handles)` for each buffer that is out, adopted ones included, under the
    /// pool's lock. What only a codec refers to has 0 handles and no quota. The quota is a name to compare with: while
    /// frames come and go it may be gone already.
    void for_each_out(const std::function<void(const Quota*, HolderId, std::size_t, std::uint32_t)>& visit) const;

    /// Changes the maximum by so many: registry pools get the sum of the quotas of the ports that use them.
    void add_demand(std::ptrdiff_t buffers) noexcept;
    /// Frees idle buffers down to `keep`. Frees outside the lock.
    void trim(std::size_t keep = 0) noexcept;
    /// Allocates until `count` buffers exist (not beyond the maximum). Throws std::bad_alloc and BudgetExhausted.
    void prewarm(std::size_t count);
    /// Takes `waiter` out of line; when it returns, its notify is neither under way nor will come.
    void cancel_wait(Waiter& waiter) noexcept;
    /// Called at most once a second when the pool overflows, outside locks, on the acquiring thread, with a text that has
    /// numbers and holders. What it throws is ignored. Without it overflows are only counted.
    void on_warning(std::function<void(const std::string&)> warn);
    /// "1920x1088 yuv420p".
    [[nodiscard]] std::string format_text() const;

protected:
    SharedPool() = default;
    explicit SharedPool(std::shared_ptr<detail::PoolCore> core) noexcept : core_(std::move(core)) {}
    std::shared_ptr<detail::PoolCore> core_;
};

/// Pictures of one layout.
class BasicFramePool : public SharedPool {
public:
    BasicFramePool() = default;

    [[nodiscard]] const FrameLayout& layout() const noexcept;

    // All of these allocate only when the pool grows, and may throw std::bad_alloc. When the registry's bytes are used up, idle
    // buffers of other layouts are freed for the one that is wanted; if that is not enough, they throw BudgetExhausted or wait.

    /// By policy: at the maximum it spills, blocks this thread, throws PoolExhausted or returns an empty handle. At the budget
    /// it throws (with the policy `wait` after the timeout).
    /// Who is stopped while it waits gets an empty handle.
    [[nodiscard]] PooledFrame acquire(const Acquirer& by = {}, const std::stop_token& stop = {});
    /// Empty at the maximum, whatever the policy; throws at the budget.
    [[nodiscard]] PooledFrame try_acquire(const Acquirer& by = {});
    /// Blocks this thread up to `timeout` or until stop is asked for; then it is empty, but throws if it was the budget that it
    /// waited for at last.
    [[nodiscard]] PooledFrame acquire_for(std::chrono::nanoseconds timeout, const Acquirer& by = {}, std::stop_token stop = {});
    /// Empty at the maximum and at the budget; `waiter` is then in line and told when there may be room: it asks again. Never
    /// blocks. Throws if even the whole budget would be too little.
    [[nodiscard]] PooledFrame acquire_or_notify(Waiter& waiter, const Acquirer& by = {});
    /// Spills at the maximum, whatever the policy: for codecs, which cannot wait. At the budget it throws, or, if a waiter is
    /// given, is empty and that one is in line, as above.
    [[nodiscard]] PooledFrame acquire_or_spill(const Acquirer& by = {}, Waiter* at_budget = nullptr);
    /// A handle to foreign memory, counted, without a copy. `release` is called by the last handle, and also if this throws.
    /// The visible picture is the whole layout unless the header's crop is changed.
    [[nodiscard]] PooledFrame adopt(const ForeignFrame& foreign, const Acquirer& by = {});

protected:
    explicit BasicFramePool(std::shared_ptr<detail::PoolCore> core) noexcept : SharedPool(std::move(core)) {}
    friend class PoolRegistry;
};

/// Sound of one sample format and number of channels.
class BasicSamplePool : public SharedPool {
public:
    BasicSamplePool() = default;

    [[nodiscard]] const SampleLayout& layout() const noexcept;

    // As BasicFramePool's. The handle's header has `format` and the given count; rate and layout are the caller's.
    [[nodiscard]] PooledSamples acquire(const AudioFormat& format, std::uint32_t count, const Acquirer& by = {},
                                        const std::stop_token& stop = {});
    [[nodiscard]] PooledSamples try_acquire(const AudioFormat& format, std::uint32_t count, const Acquirer& by = {});
    [[nodiscard]] PooledSamples acquire_for(std::chrono::nanoseconds timeout, const AudioFormat& format, std::uint32_t count,
                                            const Acquirer& by = {}, std::stop_token stop = {});
    [[nodiscard]] PooledSamples acquire_or_notify(Waiter& waiter, const AudioFormat& format, std::uint32_t count,
                                                  const Acquirer& by = {});
    [[nodiscard]] PooledSamples acquire_or_spill(const AudioFormat& format, std::uint32_t count, const Acquirer& by = {},
                                                 Waiter* at_budget = nullptr);
    [[nodiscard]] PooledSamples adopt(const ForeignSamples& foreign, const AudioFormat& format, std::uint32_t count,
                                      const Acquirer& by = {});

protected:
    explicit BasicSamplePool(std::shared_ptr<detail::PoolCore> core) noexcept : SharedPool(std::move(core)) {}
    friend class PoolRegistry;
};

/// Thread-safe by a lock around its free list, held for a few instructions: nothing is allocated or freed under it.
class SharedFramePool : public BasicFramePool {
public:
    explicit SharedFramePool(const VideoFormat& format, const PoolConfig& config = {}, BufferRequirements requirements = {});
};
class SharedSamplePool : public BasicSamplePool {
public:
    SharedSamplePool(const AudioFormat& format, std::uint32_t capacity, const PoolConfig& config = {});
};

/// Thread-safe, free list on Boost.Lockfree, last in first out.
class LockFreeFramePool : public BasicFramePool {
public:
    explicit LockFreeFramePool(const VideoFormat& format, const PoolConfig& config = {}, BufferRequirements requirements = {});
};
class LockFreeSamplePool : public BasicSamplePool {
public:
    LockFreeSamplePool(const AudioFormat& format, std::uint32_t capacity, const PoolConfig& config = {});
};

} // namespace weir
