#include "block_store.hpp"

#include "idle_memory.hpp"
#include "ledger_rows.hpp"

#include <fmt/format.h>

#include <cassert>

namespace weir::detail {
namespace {

constexpr std::size_t sound_alignment = 64;

} // namespace

BlockStore::~BlockStore() {
    const Lock lock(mutex_);
    blocks_.for_each([](PoolBlock& block) {
        assert(!block.memory);
        delete &block;
    });
}

std::size_t BlockStore::bytes() const noexcept {
    return std::visit([](const auto& layout) { return layout.bytes; }, layout_);
}

std::size_t BlockStore::alignment() const noexcept { return frame() ? frame()->requirements.alignment : sound_alignment; }

std::string BlockStore::format_text() const {
    if (const FrameLayout* const picture = frame())
        return to_string(picture->format);
    const auto& sound = std::get<SampleLayout>(layout_);
    return fmt::format("{} {} of {} samples", to_string(sound.sample_format), to_string(ChannelLayout{sound.channels, 0}),
                       sound.capacity);
}

std::uint64_t BlockStore::uses() const noexcept {
    const Lock lock(mutex_);
    std::uint64_t sum = uses_of_freed_;
    blocks_.for_each([&sum](const PoolBlock& block) { sum += block.uses.load(std::memory_order_relaxed); });
    return sum;
}

std::unique_ptr<PoolBlock> BlockStore::blank(BlockOwner& owner) const {
    auto block = std::make_unique<PoolBlock>();
    block->owner = &owner;
    block->bytes = bytes();
    block->frame = frame();
    block->samples = samples();
    return block;
}

PoolBlock& BlockStore::keep(std::unique_ptr<PoolBlock> block) noexcept {
    const Lock lock(mutex_);
    blocks_.push_back(*block);
    ++count_;
    return *block.release();
}

bool BlockStore::take_from_budget(const BlockOwner& owner, AtBudget at_budget) {
    while (source_.budget && !source_.budget->try_add(bytes())) {
        const auto reclaimer = source_.reclaimer.lock();
        // What others' idle buffers gave may be taken by a third before we get there: then ask again while they give.
        if (at_budget == AtBudget::refuse || !reclaimer || reclaimer->reclaim(bytes(), owner) == 0)
            return false;
    }
    return true;
}

BudgetExhausted BlockStore::over_budget() const {
    const auto reclaimer = source_.reclaimer.lock();
    const std::string holders = reclaimer ? reclaimer->largest_holders() : to_string(ledger());
    return BudgetExhausted(fmt::format("the budget of {} is used up ({} held): {} asked for {}; largest holders: {}",
                                       bytes_text(source_.budget->limit()), bytes_text(source_.budget->used()), format_text(),
                                       bytes_text(bytes()), holders));
}

void BlockStore::mark_pools() const noexcept {
    if (const auto reclaimer = source_.reclaimer.lock())
        reclaimer->mark_pools();
}

PoolBlock* BlockStore::make(BlockOwner& owner, AtBudget at_budget) {
    auto block = blank(owner);
    if (!take_from_budget(owner, at_budget))
        return nullptr;
    try {
        block->memory = source_.allocator->allocate(bytes(), alignment());
    } catch (...) {
        if (source_.budget)
            source_.budget->subtract(bytes());
        throw;
    }
    for (std::uint32_t i = 0; frame() && i < frame()->planes; ++i) {
        const PlaneLayout& plane = frame()->plane[i];
        block->plane[i] = {block->memory + plane.offset, plane.stride};
    }
    return &keep(std::move(block));
}

PoolBlock& BlockStore::make_header(BlockOwner& owner) { return keep(blank(owner)); }

void BlockStore::free(PoolBlock& block) noexcept {
    {
        const Lock lock(mutex_);
        block.unlink();
        --count_;
        uses_of_freed_ += block.uses.load(std::memory_order_relaxed);
    }
    memory_is_wanted(block.memory, bytes());
    source_.allocator->deallocate(block.memory, bytes(), alignment());
    if (source_.budget)
        source_.budget->subtract(bytes());
    delete &block;
}

void BlockStore::for_each_out(const Visit& visit) const {
    const Lock lock(mutex_);
    blocks_.for_each([&visit](const PoolBlock& block) {
        if (!block.out.load(std::memory_order_acquire)) // pairs with the release in PoolCore::hand_out
            return;
        const std::uint32_t handles = block.refs.handles();
        // What only its codec refers to counts against no quota.
        const Quota* const quota = handles ? block.counts_against.load(std::memory_order_relaxed) : nullptr;
        visit(quota, HolderId{block.holder.load(std::memory_order_relaxed)}, block.bytes, handles);
    });
}

Ledger BlockStore::ledger() const {
    LedgerRows rows;
    for (bool done = false; !done;) {
        std::size_t count = 0;
        {
            const Lock lock(mutex_);
            count = count_;
            if (rows.fits(count)) {
                done = true;
                blocks_.for_each([&rows](const PoolBlock& block) {
                    if (block.out.load(std::memory_order_acquire)) // pairs with the release in PoolCore::hand_out
                        rows.add(block);
                });
            }
        }
        if (!done)
            rows.reserve(count); // outside the lock
    }
    Ledger ledger = std::move(rows).sum_up();
    ledger.format = format_text();
    return ledger;
}

} // namespace weir::detail
