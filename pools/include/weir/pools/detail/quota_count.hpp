#pragma once
// The count behind a quota.
#include <atomic>
#include <cstddef>

namespace weir::detail {

/// How many are out, how many may be, and whether somebody stands in line. The line itself is the owner's, under the
/// owner's lock.
///
/// No wake-up is lost: who finds no room gets in line (`get_in_line`) and then looks again; who makes room changes the
/// count or the limit and then looks whether somebody is in line. All of it is sequentially consistent, so one of the two
/// sees the other.
template <template <class> class Atomic = std::atomic> class QuotaCount {
public:
    explicit QuotaCount(std::size_t limit) noexcept : limit_(limit) {}

    /// The number out with the one taken; 0 if there is no room.
    [[nodiscard]] std::size_t try_take() noexcept {
        std::size_t out = out_.load(std::memory_order_seq_cst); // pairs with give_back
        do {
            if (out >= limit_.load(std::memory_order_seq_cst)) // pairs with set_limit and grow
                return 0;
        } while (!out_.compare_exchange_weak(out, out + 1, std::memory_order_seq_cst));
        return out + 1;
    }
    std::size_t take_anyway() noexcept { return out_.fetch_add(1, std::memory_order_seq_cst) + 1; }

    // Who calls one of these then looks at `anybody_in_line`.
    void give_back() noexcept { out_.fetch_sub(1, std::memory_order_seq_cst); }                    // pairs with try_take
    void set_limit(std::size_t limit) noexcept { limit_.store(limit, std::memory_order_seq_cst); } // pairs with try_take
    void grow() noexcept { limit_.fetch_add(1, std::memory_order_seq_cst); }                       // pairs with try_take
    [[nodiscard]] bool anybody_in_line() const noexcept {
        return in_line_.load(std::memory_order_seq_cst);
    } // pairs with get_in_line

    // Under the line's lock. After `get_in_line` one must try again.
    void get_in_line() noexcept { in_line_.store(true, std::memory_order_seq_cst); } // pairs with anybody_in_line
    void line_is_empty() noexcept { in_line_.store(false, std::memory_order_seq_cst); }

    [[nodiscard]] std::size_t room() const noexcept {
        const std::size_t bound = limit_.load(std::memory_order_seq_cst); // pairs with set_limit and grow
        const std::size_t out = out_.load(std::memory_order_seq_cst);     // pairs with give_back
        return bound > out ? bound - out : 0;
    }
    [[nodiscard]] std::size_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t out() const noexcept { return out_.load(std::memory_order_relaxed); }

private:
    Atomic<std::size_t> limit_;
    Atomic<std::size_t> out_{0};
    Atomic<bool> in_line_{false};
};

} // namespace weir::detail
