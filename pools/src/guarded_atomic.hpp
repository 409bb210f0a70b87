#pragma once
// std::atomic's interface for what is changed under a lock and read without it.
#include <atomic>

namespace weir::detail {

/// Changing is a load and a store: who changes it holds the lock. Who reads may be anybody.
template <class T, template <class> class Base = std::atomic> class GuardedAtomic {
public:
    GuardedAtomic(T value = T{}) noexcept : value_(value) {}
    GuardedAtomic(const GuardedAtomic&) = delete;
    GuardedAtomic& operator=(const GuardedAtomic&) = delete;

    [[nodiscard]] T load(std::memory_order order) const noexcept { return value_.load(order); }
    T fetch_sub(T by, std::memory_order order) noexcept { return change(own() - by, order); }
    T fetch_or(T by, std::memory_order order) noexcept { return change(own() | by, order); }
    T fetch_and(T by, std::memory_order order) noexcept { return change(own() & by, order); }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order order, std::memory_order) noexcept {
        const T now = own();
        if (now != expected) {
            expected = now;
            return false;
        }
        change(desired, order);
        return true;
    }

private:
    [[nodiscard]] T own() const noexcept { return value_.load(std::memory_order_relaxed); }
    T change(T to, std::memory_order order) noexcept {
        const T before = own();
        value_.store(to, order == std::memory_order_seq_cst ? order : std::memory_order_release); // pairs with readers' loads
        return before;
    }
    Base<T> value_;
};

} // namespace weir::detail
