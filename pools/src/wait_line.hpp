#pragma once
// Those who wait for a buffer of one pool.
#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/waiter.hpp>

#include "pool_block.hpp"

namespace weir::detail {

/// A thread in line. A buffer that comes back is handed to the first, so nobody overtakes it.
struct Ticket : ListNode {
    Condition condition;
    PoolBlock* given = nullptr; ///< its buffer; the ticket is then out of line
    bool told = false;          ///< that there may be room
    bool stopped = false;       ///< its stop token was set
};

/// Blocked threads and waiters, each kind first come first served, the kinds in turn. Everything under `mutex`, the
/// caller's. Held by a shared pointer of its own: who tells a waiter may be the last to know of the pool.
class WaitLine {
public:
    Mutex mutex;

    void join(Ticket& ticket) noexcept WEIR_REQUIRES(mutex) { tickets_.push_back(ticket); }
    void join(Waiter& waiter) noexcept WEIR_REQUIRES(mutex) {
        if (!waiter.linked())
            waiters_.push_back(waiter);
    }
    [[nodiscard]] bool empty() const noexcept WEIR_REQUIRES(mutex) { return tickets_.empty() && waiters_.empty(); }
    [[nodiscard]] bool is_first(const Ticket& ticket) const noexcept WEIR_REQUIRES(mutex) {
        return tickets_.front() == &ticket;
    }

    /// The ticket whose turn it is, taken out to be given a buffer; nullptr if it is a waiter's turn or nobody's.
    [[nodiscard]] Ticket* next_ticket() noexcept WEIR_REQUIRES(mutex);
    static void give(Ticket& ticket, PoolBlock& block) noexcept;
    /// There may be room for one: the one whose turn it is looks again.
    void tell() noexcept WEIR_REQUIRES(mutex);
    /// There may be room for so many.
    void tell(std::size_t count) noexcept WEIR_REQUIRES(mutex);

private:
    IntrusiveList<Ticket> tickets_ WEIR_GUARDED_BY(mutex);
    IntrusiveList<Waiter> waiters_ WEIR_GUARDED_BY(mutex);
    bool tickets_turn_ WEIR_GUARDED_BY(mutex) = true;
};

} // namespace weir::detail
