#pragma once
// Free lists that link the idle blocks themselves: last in, first out, so that the warmest memory is used again.
#include <weir/pools/detail/mutex.hpp>

#include "pool_block.hpp"
#include "spin_lock.hpp"

#include <cstddef>
#include <utility>

namespace weir::detail {

/// Guards nothing: for what one thread at a time uses.
class WEIR_CAPABILITY("mutex") NoMutex {
public:
    void lock() noexcept WEIR_ACQUIRE() {}
    void unlock() noexcept WEIR_RELEASE() {}
};

/// Neither pushing nor popping allocates.
template <class Guard> class LinkedFreeList {
public:
    /// Prepares for so many blocks: nothing to do.
    void make_room(std::size_t) noexcept {}

    void push(PoolBlock& block) noexcept WEIR_EXCLUDES(guard_) {
        guard_.lock();
        block.next_idle = std::exchange(top_, &block);
        guard_.unlock();
    }

    /// nullptr if there is none.
    [[nodiscard]] PoolBlock* pop() noexcept WEIR_EXCLUDES(guard_) {
        guard_.lock();
        PoolBlock* const block = top_;
        if (block)
            top_ = block->next_idle;
        guard_.unlock();
        return block;
    }

private:
    Guard guard_;
    PoolBlock* top_ WEIR_GUARDED_BY(guard_) = nullptr;
};

using LockedFreeList = LinkedFreeList<SpinLock>;
using PlainFreeList = LinkedFreeList<NoMutex>;

} // namespace weir::detail
