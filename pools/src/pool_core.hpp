#pragma once
// A pool behind its handles: what does not depend on how the free list is kept.
#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/pool_config.hpp>
#include <weir/pools/pool_stats.hpp>
#include <weir/pools/shared_pool.hpp>

#include "block_store.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace weir::detail {

/// Foreign memory of either kind.
struct Foreign {
    std::array<PlanePointer, 4> plane{};
    std::byte** channels = nullptr;
    ForeignRelease release = nullptr;
    void* opaque = nullptr;
};

struct CoreOptions {
    PoolConfig config = {};
    MemorySource source = {};
    bool isolate = false; ///< zero what moves between owners, and what is new
};

/// Owned by itself: it ends with the last of its handles and buffers, whichever that is. Blocks it returns carry one
/// counted reference.
class PoolCore : public BlockOwner {
public:
    PoolCore(const PoolCore&) = delete;
    PoolCore& operator=(const PoolCore&) = delete;

    /// By policy; nullptr only for `drop`, and for `wait` when stopped.
    [[nodiscard]] Block* acquire(const Acquirer& by, const std::stop_token& stop = {});
    // At the budget they throw, but for those that wait.

    /// nullptr at the maximum.
    [[nodiscard]] virtual Block* take(const Acquirer& by) = 0;
    /// With a waiter: nullptr at the budget, and it is in line.
    [[nodiscard]] virtual Block* take_or_spill(const Acquirer& by, Waiter* at_budget) = 0;
    /// nullptr after the timeout, but at the budget it throws, or when stopped.
    [[nodiscard]] virtual Block* take_within(std::chrono::nanoseconds timeout, std::stop_token stop, const Acquirer& by) = 0;
    /// nullptr at the maximum or the budget, and the waiter is in line.
    [[nodiscard]] virtual Block* take_or_notify(Waiter& waiter, const Acquirer& by) = 0;
    /// Calls `release` if it throws.
    [[nodiscard]] virtual Block* adopt(const Foreign& foreign, const Acquirer& by) = 0;

    virtual void cancel_wait(Waiter& waiter) noexcept = 0;
    /// Somebody waits for the budget: what goes idle next tells it.
    virtual void mark() noexcept = 0;
    virtual void add_demand(std::ptrdiff_t buffers) noexcept = 0;
    /// Frees idle buffers, at most so many and not below `keep`. Returns how many.
    virtual std::size_t trim(std::size_t keep, std::size_t at_most) noexcept = 0;
    /// Makes buffers until there are `count`, or `limit`, or the budget is used up.
    virtual void prewarm(std::size_t count, std::size_t limit) = 0;
    [[nodiscard]] virtual PoolStats stats() const noexcept = 0;
    [[nodiscard]] std::size_t maximum() const noexcept;

    [[nodiscard]] const BlockStore& blocks() const noexcept { return store_; }
    [[nodiscard]] Ledger ledger() const;
    void on_warning(std::function<void(const std::string&)> warn) WEIR_EXCLUDES(warn_mutex_);

    /// The last handle is gone.
    virtual void close() noexcept = 0;

protected:
    PoolCore(const AnyLayout& layout, CoreOptions options);
    ~PoolCore() = default;

    /// Makes a block that is counted already the acquirer's own.
    Block* hand_out(PoolBlock& block, const Acquirer& by, bool is_new) noexcept;
    Block* hand_out_adopted(PoolBlock& block, const Foreign& foreign, const Acquirer& by) noexcept;
    /// Nobody refers to it any more: it shows in no report, and its memory is not to be touched.
    static void take_back(PoolBlock& block) noexcept;

    /// How many buffers to make when there were so many.
    [[nodiscard]] std::size_t growth(std::size_t buffers) const noexcept;
    void count_overflow() noexcept;
    [[nodiscard]] PoolExhausted exhausted(std::chrono::nanoseconds waited) const;
    void fill_in(PoolStats& stats) const noexcept;

    const PoolConfig config_;
    BlockStore store_;
    std::atomic<std::ptrdiff_t> maximum_;

    // Figures for reports, relaxed: they order nothing.
    std::atomic<std::uint64_t> allocations_{0};
    std::atomic<std::uint64_t> overflows_{0};
    std::atomic<std::uint64_t> drops_{0};
    std::atomic<std::uint64_t> waits_{0};
    std::atomic<std::int64_t> wait_time_{0}; ///< ns
    std::atomic<std::uint64_t> adopted_{0};

private:
    void warn();
    [[nodiscard]] bool must_zero(PoolBlock& block, const Acquirer& by, bool is_new) const noexcept;

    using Warn = std::function<void(const std::string&)>;
    const bool isolate_;
    std::atomic<std::int64_t> last_warning_{0};
    Mutex warn_mutex_;
    std::shared_ptr<const Warn> warn_ WEIR_GUARDED_BY(warn_mutex_);
};

/// How the free list of a core is kept; `plain` is for one thread at a time and cannot wait.
enum class ListKind : std::uint8_t { plain, mutex, lock_free };

/// The handle to a new pool, with `initial_capacity` buffers made. Throws std::invalid_argument for a configuration that
/// contradicts itself, std::bad_alloc, BudgetExhausted.
[[nodiscard]] std::shared_ptr<PoolCore> make_pool_core(ListKind kind, const AnyLayout& layout, CoreOptions options);

[[nodiscard]] inline ListKind list_kind(Locking locking) noexcept {
    return locking == Locking::mutex ? ListKind::mutex : ListKind::lock_free;
}

} // namespace weir::detail
