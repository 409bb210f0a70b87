#pragma once
// Makes a pool's blocks, frees them and knows them all.
#include <weir/pools/allocator.hpp>
#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/errors.hpp>
#include <weir/pools/ledger.hpp>

#include "budget.hpp"
#include "pool_block.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace weir::detail {

using AnyLayout = std::variant<FrameLayout, SampleLayout>;

/// Where a pool's bytes come from and who counts them.
struct MemorySource {
    BufferAllocator* allocator = &host_allocator();
    std::shared_ptr<Budget> budget = {};     ///< null: unlimited
    std::weak_ptr<Reclaimer> reclaimer = {}; ///< asked when the budget is used up
};

/// Thread-safe. Allocates and frees outside its lock, which is taken only when a block is made or freed and by reports.
class BlockStore {
public:
    BlockStore(const AnyLayout& layout, MemorySource source) noexcept : layout_(layout), source_(std::move(source)) {}
    BlockStore(const BlockStore&) = delete;
    BlockStore& operator=(const BlockStore&) = delete;
    /// No block with memory may be left; headers are freed.
    ~BlockStore();

    /// What to do when the budget is used up.
    enum class AtBudget : bool { refuse, reclaim };

    /// A block with memory; nullptr at the budget. Throws std::bad_alloc.
    [[nodiscard]] PoolBlock* make(BlockOwner& owner, AtBudget at_budget);
    /// A block for foreign memory. Throws std::bad_alloc.
    [[nodiscard]] PoolBlock& make_header(BlockOwner& owner);
    void free(PoolBlock& block) noexcept;

    [[nodiscard]] const AnyLayout& layout() const noexcept { return layout_; }
    [[nodiscard]] const FrameLayout* frame() const noexcept { return std::get_if<FrameLayout>(&layout_); }
    [[nodiscard]] const SampleLayout* samples() const noexcept { return std::get_if<SampleLayout>(&layout_); }
    /// What to throw at the budget.
    [[nodiscard]] BudgetExhausted over_budget() const;
    [[nodiscard]] const std::shared_ptr<Budget>& budget() const noexcept { return source_.budget; } ///< null: unlimited
    [[nodiscard]] bool anybody_waits_for_budget() const noexcept { return budget() && budget()->anybody_waits(); }
    /// One buffer is less than the whole budget, so that waiting may help.
    [[nodiscard]] bool can_ever_fit() const noexcept { return !budget() || bytes() <= budget()->limit(); }
    void mark_pools() const noexcept;

    [[nodiscard]] std::size_t bytes() const noexcept; ///< of one buffer
    [[nodiscard]] std::string format_text() const;
    /// How often blocks were acquired, those that are freed included.
    [[nodiscard]] std::uint64_t uses() const noexcept WEIR_EXCLUDES(mutex_);

    using Visit = std::function<void(const Quota*, HolderId, std::size_t, std::uint32_t)>;
    void for_each_out(const Visit& visit) const WEIR_EXCLUDES(mutex_);
    /// Without the maximum, which the pool knows.
    [[nodiscard]] Ledger ledger() const WEIR_EXCLUDES(mutex_);

private:
    [[nodiscard]] std::unique_ptr<PoolBlock> blank(BlockOwner& owner) const;
    [[nodiscard]] std::size_t alignment() const noexcept;
    [[nodiscard]] bool take_from_budget(const BlockOwner& owner, AtBudget at_budget);
    PoolBlock& keep(std::unique_ptr<PoolBlock> block) noexcept WEIR_EXCLUDES(mutex_);

    const AnyLayout layout_;
    const MemorySource source_;
    mutable Mutex mutex_;
    mutable IntrusiveList<PoolBlock> blocks_ WEIR_GUARDED_BY(mutex_);
    std::size_t count_ WEIR_GUARDED_BY(mutex_) = 0;
    std::uint64_t uses_of_freed_ WEIR_GUARDED_BY(mutex_) = 0;
};

} // namespace weir::detail
