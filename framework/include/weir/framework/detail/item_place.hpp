#pragma once
// Whether the item of a message between native nodes is in its place.
#include <atomic>
#include <cstdint>

namespace weir::detail {

/// Several threads may have the message: one of them gets to move the item out, and, once it is out, one to put another in.
template <template <class> class Atomic = std::atomic> class ItemPlace {
public:
    /// By who has the place alone.
    void filled() noexcept { state_.store(full, std::memory_order_relaxed); }

    /// True for the one who then moves the item out and calls `taken`.
    [[nodiscard]] bool may_take() noexcept { return change(full, std::memory_order_acquire); } // pairs with put
    void taken() noexcept { state_.store(empty, std::memory_order_release); }
    /// True for the one who then puts an item in and calls `put`.
    [[nodiscard]] bool may_put() noexcept { return change(empty, std::memory_order_acquire); } // pairs with taken
    void put() noexcept { state_.store(full, std::memory_order_release); }

private:
    enum State : std::uint32_t { full, moving, empty };
    [[nodiscard]] bool change(State from, std::memory_order order) noexcept {
        return state_.compare_exchange_strong(from, moving, order, std::memory_order_relaxed);
    }
    Atomic<State> state_{full};
};

} // namespace weir::detail
