#pragma once
// std::atomic's interface for what only one thread at a time touches.
#include <atomic>

namespace weir::detail {

template <class T> class PlainAtomic {
public:
    constexpr PlainAtomic(T value = T{}) noexcept : value_(value) {}
    PlainAtomic(const PlainAtomic&) = delete;
    PlainAtomic& operator=(const PlainAtomic&) = delete;

    [[nodiscard]] T load(std::memory_order) const noexcept { return value_; }
    void store(T value, std::memory_order) noexcept { value_ = value; }
    T fetch_add(T by, std::memory_order) noexcept { return change(value_ + by); }
    T fetch_sub(T by, std::memory_order) noexcept { return change(value_ - by); }
    T fetch_or(T by, std::memory_order) noexcept { return change(value_ | by); }
    T fetch_and(T by, std::memory_order) noexcept { return change(value_ & by); }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order, std::memory_order) noexcept {
        if (value_ != expected) {
            expected = value_;
            return false;
        }
        value_ = desired;
        return true;
    }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order order) noexcept {
        return compare_exchange_weak(expected, desired, order, order);
    }

private:
    T change(T to) noexcept {
        const T before = value_;
        value_ = to;
        return before;
    }
    T value_;
};

} // namespace weir::detail
