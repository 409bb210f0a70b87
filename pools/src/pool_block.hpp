#pragma once
// A pool's own view of a block.
#include <weir/pools/detail/block.hpp>
#include <weir/pools/detail/intrusive_list.hpp>

#include <atomic>
#include <cstdint>
#include <memory>

namespace weir::detail {

/// Linked into the pool's list of all its blocks; without memory it is a header for foreign memory.
struct PoolBlock : Block, ListNode {
    PoolBlock* next_idle = nullptr;                    ///< the free list's
    std::atomic<const Quota*> counts_against{nullptr}; ///< `quota`, for reports, which may not touch a shared pointer
    std::atomic<std::uint64_t> uses{0};                ///< times it was acquired; written by who has it, relaxed: for reports
    std::weak_ptr<Quota> last_owner;                   ///< for isolation: a weak pointer's address is not used again
};

} // namespace weir::detail
