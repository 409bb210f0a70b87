// std::atomic's interface over Relacy's simulated atomic, so that a production header whose atomics are a template parameter
// (`template <template <class> class Atomic = std::atomic>`) can be explored as it is: give it model::Atomic.
#pragma once

// clang-format off: the standard's headers come before Relacy's macros
#include <atomic>
#include <optional>
#include <stdexcept>

#include <relacy/relacy.hpp>
// clang-format on

// Relacy makes macros of these words; the code under test means the standard's (`= delete` for one).
#undef memory_order_relaxed
#undef memory_order_consume
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef errno
#undef assert
#include <cassert>
#include <cerrno>

namespace model {

constexpr rl::memory_order to_relacy(std::memory_order order) {
    switch (order) {
    case std::memory_order::relaxed: return rl::mo_relaxed;
    case std::memory_order::consume: return rl::mo_consume;
    case std::memory_order::acquire: return rl::mo_acquire;
    case std::memory_order::release: return rl::mo_release;
    case std::memory_order::acq_rel: return rl::mo_acq_rel;
    case std::memory_order::seq_cst: break;
    }
    return rl::mo_seq_cst;
}

/// What a failed exchange may use when only one order is given: the same, without its release half.
constexpr std::memory_order failure_order(std::memory_order order) {
    if (order == std::memory_order::acq_rel)
        return std::memory_order::acquire;
    if (order == std::memory_order::release)
        return std::memory_order::relaxed;
    return order;
}

/// What the orders of the code under test become: a model that cannot tell the code from one with weaker orders proves
/// nothing.
struct AsWritten {
    static constexpr std::memory_order load(std::memory_order order) { return order; }
    static constexpr std::memory_order store(std::memory_order order) { return order; }
    static constexpr std::memory_order change(std::memory_order order) { return order; }
};
struct WithoutAcquire : AsWritten {
    static constexpr std::memory_order load(std::memory_order order) {
        return order == std::memory_order::acquire ? std::memory_order::relaxed : order;
    }
    static constexpr std::memory_order change(std::memory_order order) {
        return order == std::memory_order::acq_rel ? std::memory_order::release : load(order);
    }
};
struct WithoutRelease : AsWritten {
    static constexpr std::memory_order store(std::memory_order order) {
        return order == std::memory_order::release ? std::memory_order::relaxed : order;
    }
    static constexpr std::memory_order change(std::memory_order order) {
        return order == std::memory_order::acq_rel ? std::memory_order::acquire : store(order);
    }
};
struct WithoutSequence {
    static constexpr std::memory_order load(std::memory_order order) {
        return order == std::memory_order::seq_cst ? std::memory_order::acquire : order;
    }
    static constexpr std::memory_order store(std::memory_order order) {
        return order == std::memory_order::seq_cst ? std::memory_order::release : order;
    }
    static constexpr std::memory_order change(std::memory_order order) {
        return order == std::memory_order::seq_cst ? std::memory_order::acq_rel : order;
    }
};

/// Only to be used inside a Relacy run. Every operation is a point at which the thread may be switched. There is no default
/// memory order on purpose: our atomics name theirs.
template <class T, class Orders> class BasicAtomic {
public:
    BasicAtomic() = default;
    BasicAtomic(T value) : value_(value) {}
    BasicAtomic(const BasicAtomic&) = delete;
    BasicAtomic& operator=(const BasicAtomic&) = delete;

    T load(std::memory_order order) const { return value_.load(to_relacy(Orders::load(order)), $); }
    void store(T value, std::memory_order order) { value_.store(value, to_relacy(Orders::store(order)), $); }
    T exchange(T value, std::memory_order order) { return value_.exchange(value, to_relacy(Orders::change(order)), $); }

    T fetch_add(T value, std::memory_order order) { return value_.fetch_add(value, to_relacy(Orders::change(order)), $); }
    T fetch_sub(T value, std::memory_order order) { return value_.fetch_sub(value, to_relacy(Orders::change(order)), $); }
    T fetch_and(T value, std::memory_order order) { return value_.fetch_and(value, to_relacy(Orders::change(order)), $); }
    T fetch_or(T value, std::memory_order order) { return value_.fetch_or(value, to_relacy(Orders::change(order)), $); }

    bool compare_exchange_weak(T& expected, T desired, std::memory_order success, std::memory_order failure) {
        return value_.compare_exchange_weak(expected, desired, to_relacy(Orders::change(success)), $,
                                            to_relacy(Orders::load(failure)), $);
    }
    bool compare_exchange_weak(T& expected, T desired, std::memory_order order) {
        return compare_exchange_weak(expected, desired, order, failure_order(order));
    }
    bool compare_exchange_strong(T& expected, T desired, std::memory_order success, std::memory_order failure) {
        return value_.compare_exchange_strong(expected, desired, to_relacy(Orders::change(success)), $,
                                              to_relacy(Orders::load(failure)), $);
    }
    bool compare_exchange_strong(T& expected, T desired, std::memory_order order) {
        return compare_exchange_strong(expected, desired, order, failure_order(order));
    }

private:
    rl::atomic<T> value_;
};

template <class T> using Atomic = BasicAtomic<T, AsWritten>;
template <class T> using AtomicWithoutAcquire = BasicAtomic<T, WithoutAcquire>;
template <class T> using AtomicWithoutRelease = BasicAtomic<T, WithoutRelease>;
template <class T> using AtomicWithoutSequence = BasicAtomic<T, WithoutSequence>;

} // namespace model
