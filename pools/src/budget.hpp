#pragma once
// The bytes that all pools of a registry may hold together.
#include "budget_count.hpp"
#include "wait_line.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

namespace weir::detail {

class BlockOwner;

/// Counts bytes under a limit. Thread-safe; allocates nothing. Locks only while somebody waits.
class Budget {
public:
    explicit Budget(std::size_t limit) noexcept : count_(limit) {}

    /// False if that would be above the limit.
    [[nodiscard]] bool try_add(std::size_t bytes) noexcept;
    /// And tells the first in line.
    void subtract(std::size_t bytes) noexcept;

    // Those who wait for bytes. After `join` one must have all pools marked (Reclaimer) and look again, and so each time one
    // was told.
    void join(Ticket& ticket) noexcept WEIR_EXCLUDES(line_.mutex);
    void join(Waiter& waiter) noexcept WEIR_EXCLUDES(line_.mutex);
    /// Blocks until that one is told or stopped; false if it was neither in time.
    [[nodiscard]] bool wait(Ticket& ticket, std::chrono::steady_clock::time_point until) WEIR_EXCLUDES(line_.mutex);
    void stop(Ticket& ticket) noexcept WEIR_EXCLUDES(line_.mutex);
    /// Out of line, and the next one is told: it looks whether something was left.
    void leave(ListNode& who) noexcept WEIR_EXCLUDES(line_.mutex);
    /// The same for who joins again at once.
    void leave_for_now(ListNode& who) noexcept WEIR_EXCLUDES(line_.mutex);
    [[nodiscard]] bool anybody_waits() const noexcept { return count_.anybody_waits(); }
    /// There may be room: bytes, or an idle buffer to be freed.
    void tell() noexcept WEIR_EXCLUDES(line_.mutex);

    [[nodiscard]] std::size_t limit() const noexcept { return count_.limit(); }
    [[nodiscard]] std::size_t used() const noexcept { return count_.used(); }
    [[nodiscard]] std::size_t peak() const noexcept { return peak_.load(std::memory_order_relaxed); }

private:
    void tell_next() noexcept WEIR_REQUIRES(line_.mutex);

    BudgetCount<> count_;
    std::atomic<std::size_t> peak_{0}; // relaxed: for reports
    WaitLine line_;
};

/// Who can make room in a budget: the registry.
class Reclaimer {
public:
    /// Frees idle buffers, those of the coldest pools first, until at least `bytes` are freed. Returns how many were. Leaves
    /// those of `by`, who asks for it: it may have them as they are.
    virtual std::size_t reclaim(std::size_t bytes, const BlockOwner& by) = 0;
    /// For who stands in the budget's line: a buffer that goes idle in any pool tells the budget, once for each such call.
    virtual void mark_pools() noexcept = 0;
    /// "encode[hd] 300.0 MiB, ...", the largest first.
    [[nodiscard]] virtual std::string largest_holders() const = 0;

protected:
    ~Reclaimer() = default;
};

/// "3.0 MiB".
[[nodiscard]] std::string bytes_text(std::size_t bytes);

} // namespace weir::detail
