#pragma once
// The count behind a budget: bytes under a limit, and whether somebody waits for some to come back.
#include <atomic>
#include <cstddef>

namespace weir::detail {

/// Every change of the count is a read-modify-write with acquire and release order. So who subtracts after somebody got in line
/// sees that, and what was subtracted before is seen by the look that must follow `get_in_line`.
template <template <class> class Atomic = std::atomic> class BudgetCount {
public:
    explicit BudgetCount(std::size_t limit) noexcept : limit_(limit) {}

    /// What is used then; 0 if that would be above the limit.
    [[nodiscard]] std::size_t try_add(std::size_t bytes) noexcept {
        std::size_t used = used_.load(std::memory_order_relaxed);
        do {
            if (bytes > limit_ || used > limit_ - bytes)
                return 0;
        } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_acq_rel, std::memory_order_relaxed));
        return used + bytes;
    }
    /// After it: `anybody_waits`.
    void subtract(std::size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_acq_rel); }

    // Under the line's lock.
    void get_in_line() noexcept {
        waits_.store(true, std::memory_order_relaxed);
        used_.fetch_add(0, std::memory_order_acq_rel);
    }
    void line_is_empty() noexcept { waits_.store(false, std::memory_order_relaxed); }

    [[nodiscard]] bool anybody_waits() const noexcept { return waits_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

private:
    const std::size_t limit_;
    Atomic<std::size_t> used_{0};
    Atomic<bool> waits_{false};
};

} // namespace weir::detail
