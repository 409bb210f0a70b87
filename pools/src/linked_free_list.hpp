#pragma once
// Free lists that link the idle blocks themselves: last in, first out, so that the warmest memory is used again.
#include <weir/pools/detail/mutex.hpp>

#include "pool_block.hpp"
#include "spin_lock.hpp"

#include <cstddef>
#include <utility>

namespace weir::detail {

/// Guards nothing: for what one thread at a time uses, or what is safe by itself.
class WEIR_CAPABILITY("mutex") NoMutex {
public:
    void lock() noexcept WEIR_ACQUIRE() {}
    void unlock() noexcept WEIR_RELEASE() {}
};

/// For one thread at a time. Neither pushing nor popping allocates.
class LinkedFreeList {
public:
    /// Prepares for so many blocks: nothing to do.
    void make_room(std::size_t) noexcept {}
    void push(PoolBlock& block) noexcept { block.next_idle = std::exchange(top_, &block); }
    /// nullptr if there is none.
    [[nodiscard]] PoolBlock* pop() noexcept { return top_ ? std::exchange(top_, top_->next_idle) : nullptr; }

private:
    PoolBlock* top_ = nullptr;
};

/// The same, thread-safe.
class LockedFreeList {
public:
    void make_room(std::size_t) noexcept {}
    void push(PoolBlock& block) noexcept WEIR_EXCLUDES(guard_) {
        guard_.lock();
        list_.push(block);
        guard_.unlock();
    }
    [[nodiscard]] PoolBlock* pop() noexcept WEIR_EXCLUDES(guard_) {
        guard_.lock();
        PoolBlock* const block = list_.pop();
        guard_.unlock();
        return block;
    }

private:
    SpinLock guard_;
    LinkedFreeList list_ WEIR_GUARDED_BY(guard_);
};

} // namespace weir::detail
