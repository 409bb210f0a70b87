#pragma once
// The free list on Boost.Lockfree: last in, first out.
#include <weir/pools/detail/mutex.hpp>

#include "pool_block.hpp"

#include <boost/lockfree/stack.hpp>

#include <cstddef>

namespace weir::detail {

/// Pushing and popping neither lock nor allocate: there is a node for every block.
class LockFreeFreeList {
public:
    /// Allocates until there are nodes for so many blocks; called before a block is made. Locks; throws std::bad_alloc.
    void make_room(std::size_t blocks) WEIR_EXCLUDES(growing_) {
        const Lock lock(growing_);
        if (nodes_ >= blocks)
            return;
        stack_.reserve(blocks - nodes_);
        nodes_ = blocks;
    }

    void push(PoolBlock& block) noexcept { stack_.bounded_push(&block); } // cannot fail: each block has its node

    /// nullptr if there is none.
    [[nodiscard]] PoolBlock* pop() noexcept {
        PoolBlock* block = nullptr;
        return stack_.pop(block) ? block : nullptr;
    }

private:
    boost::lockfree::stack<PoolBlock*> stack_{0};
    Mutex growing_;
    std::size_t nodes_ WEIR_GUARDED_BY(growing_) = 0;
};

} // namespace weir::detail
