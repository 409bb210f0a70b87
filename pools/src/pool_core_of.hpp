#pragma once
// A pool's moves, for any free list. How it waits is in pool_core_waits.hpp.
#include "atomic_max.hpp"
#include "idle_memory.hpp"
#include "pool_core.hpp"
#include "usage_word.hpp"
#include "wait_line.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace weir::detail {

/// `Policy` names the stock, a free list, the kind of atomic, and whether more than one thread comes (`shared`).
template <class Policy> class PoolCoreOf final : public PoolCore {
public:
    PoolCoreOf(const AnyLayout& layout, CoreOptions options) : PoolCore(layout, std::move(options)) {}

    Block* take(const Acquirer& by) override { return or_throw(try_take(by)); }
    Block* take_or_spill(const Acquirer& by, Waiter* at_budget) override;
    Block* take_within(std::chrono::nanoseconds timeout, std::stop_token stop, const Acquirer& by) override;
    Block* take_or_notify(Waiter& waiter, const Acquirer& by) override;
    Block* adopt(const Foreign& foreign, const Acquirer& by) override;
    void give_back(Block& block) noexcept override;

    void cancel_wait(Waiter& waiter) noexcept override { leave_lines(waiter); }

    void mark() noexcept override {
        const Lock lock(line_->mutex);
        stock_.get_in_line();
    }

    void add_demand(std::ptrdiff_t buffers) noexcept override {
        maximum_.fetch_add(buffers, std::memory_order_seq_cst); // pairs with maximum(), after get_in_line
        if (buffers > 0 && stock_.is_waiting()) {
            const Lock lock(line_->mutex);
            line_->tell(static_cast<std::size_t>(buffers));
        }
    }

    std::size_t trim(std::size_t keep, std::size_t at_most) noexcept override {
        std::size_t freed = 0;
        for (; freed != at_most; ++freed) {
            PoolBlock* const block = stock_.claim_for_freeing(keep);
            if (!block)
                break;
            store_.free(*block);
            settle_here(Usage::one_buffer + Usage::one_moving);
        }
        return freed;
    }

    void prewarm(std::size_t count, std::size_t limit) override {
        while (stock_.load().buffers() < count && stock_.book(std::min(count, limit)))
            if (!make_spare())
                throw store_.over_budget();
    }

    PoolStats stats() const noexcept override;

    void close() noexcept override {
        stock_.close(); // and we stand in for one adopted buffer until all that is idle is freed
        trim(0, std::numeric_limits<std::size_t>::max());
        leave(Usage::one_adopted);
    }

private:
    using Stock = typename Policy::Stock;
    using Claim = typename Stock::Claim;
    using Given = typename Stock::Given;
    struct Claimed {
        Claim claim = Claim::none;
        Usage after;                ///< the word with the claim
        PoolBlock* block = nullptr; ///< if it was idle
    };

    /// A buffer for the acquirer, or why there is none: the budget is used up, else the pool is at its maximum.
    struct Taken {
        Block* block = nullptr;
        bool over_budget = false;
    };

    ~PoolCoreOf() = default;

    [[nodiscard]] Taken try_take(const Acquirer& by) {
        const Claimed claimed = claim();
        return claimed.claim == Claim::none ? Taken{} : redeem(claimed, by);
    }
    [[nodiscard]] Taken try_take_or_spill(const Acquirer& by);
    [[nodiscard]] Block* or_throw(const Taken& taken) const {
        if (taken.over_budget)
            throw store_.over_budget();
        return taken.block;
    }

    [[nodiscard]] Claimed claim() noexcept { return claim(maximum()); }
    [[nodiscard]] Claimed claim(std::size_t maximum) noexcept {
        Claimed claimed;
        claimed.claim = stock_.claim(maximum, claimed.after, claimed.block);
        return claimed;
    }
    [[nodiscard]] Taken redeem(const Claimed& claimed, const Acquirer& by);
    [[nodiscard]] Taken hand_out_idle(const Claimed& claimed, const Acquirer& by) noexcept;
    [[nodiscard]] Taken take_idle_at_budget(const Acquirer& by) noexcept;
    [[nodiscard]] PoolBlock* make_booked(BlockStore::AtBudget at_budget);
    Block* hand_out_booked(PoolBlock& block, const Acquirer& by) noexcept;
    [[nodiscard]] bool make_spare();
    void grow(std::size_t before) noexcept;

    [[nodiscard]] Taken take_in_line(std::chrono::steady_clock::time_point until, const std::stop_token& stop,
                                     const Acquirer& by);
    [[nodiscard]] Taken take_in_line(Waiter& waiter, const Acquirer& by);
    template <class Try> [[nodiscard]] Taken take_from_budget(Waiter& waiter, Try again);
    [[nodiscard]] Taken take_from_budget(std::chrono::steady_clock::time_point until, const std::stop_token& stop,
                                         const Acquirer& by);
    void leave_lines(Waiter& waiter) noexcept;
    /// Something may have been left, or has gone idle: the next in line looks.
    void pass_on_budget() noexcept {
        if (store_.anybody_waits_for_budget())
            store_.budget()->tell();
    }
    void mark_pools() noexcept {
        mark(); // the registry may be gone
        store_.mark_pools();
    }

    void put(PoolBlock& block) noexcept;
    [[nodiscard]] bool serve(std::shared_ptr<Budget>& tell_then) noexcept;
    [[nodiscard]] std::shared_ptr<Budget> nobody_in_line() noexcept;
    [[nodiscard]] bool settle(Usage::Bits what) noexcept;
    /// For who keeps the pool alive by a handle, or in `close`.
    void settle_here(Usage::Bits what) noexcept {
        [[maybe_unused]] const bool over = settle(what);
        assert(!over);
    }
    void leave(Usage::Bits what) noexcept {
        if (stock_.leave(what))
            delete this;
    }

    /// Under the line's lock: one of those left in it may have room.
    void pass_on() noexcept WEIR_REQUIRES(line_->mutex) {
        if (line_->empty())
            clear_mark();
        else if (stock_.load().has_room(maximum()))
            line_->tell();
    }
    /// Under the line's lock, nobody being in it. The mark may be set for who waits for the budget: then it stays.
    void clear_mark() noexcept {
        if (!store_.anybody_waits_for_budget())
            stock_.line_is_empty();
    }

    // What every acquire and release touches, together and away from the rest.
    alignas(64) Stock stock_;
    typename Policy::template Atomic<std::size_t> peak_{0}; // relaxed: for reports
    alignas(64) typename Policy::FreeList headers_;         ///< of adopted memory, to be used again
    Policy::template Atomic<std::size_t> header_count_{0};  // relaxed: how many nodes to ask for
    const std::shared_ptr<WaitLine> line_ = std::make_shared<WaitLine>();
};

template <class Policy> typename PoolCoreOf<Policy>::Taken PoolCoreOf<Policy>::try_take_or_spill(const Acquirer& by) {
    if (const Taken taken = try_take(by); taken.block || taken.over_budget)
        return taken;
    if (!stock_.book(Usage::most_buffers))
        throw exhausted({});
    PoolBlock* const block = make_booked(BlockStore::AtBudget::reclaim);
    if (!block)
        return take_idle_at_budget(by);
    block->overflow = true;
    Block* const out = hand_out_booked(*block, by);
    count_overflow();
    return {.block = out};
}

template <class Policy> Block* PoolCoreOf<Policy>::take_or_spill(const Acquirer& by, Waiter* at_budget) {
    const Taken taken = try_take_or_spill(by);
    if (!at_budget)
        return or_throw(taken);
    if (taken.over_budget)
        return take_from_budget(*at_budget, [&] { return try_take_or_spill(by); }).block;
    pass_on_budget();
    return taken.block;
}

template <class Policy>
typename PoolCoreOf<Policy>::Taken PoolCoreOf<Policy>::redeem(const Claimed& claimed, const Acquirer& by) {
    if (claimed.claim == Claim::idle)
        return hand_out_idle(claimed, by);
    PoolBlock* const made = make_booked(BlockStore::AtBudget::reclaim);
    if (!made)
        return take_idle_at_budget(by);
    Block* const block = hand_out_booked(*made, by);
    grow(claimed.after.buffers() - 1);
    return {.block = block};
}

template <class Policy>
typename PoolCoreOf<Policy>::Taken PoolCoreOf<Policy>::hand_out_idle(const Claimed& claimed, const Acquirer& by) noexcept {
    raise_to(peak_, claimed.after.out());
    assert(claimed.block);
    return {.block = hand_out(*claimed.block, by, false)};
}

/// There is no memory for a new one; but one may have come back to this pool since it had none.
template <class Policy>
typename PoolCoreOf<Policy>::Taken PoolCoreOf<Policy>::take_idle_at_budget(const Acquirer& by) noexcept {
    const Claimed claimed = claim(0);
    return claimed.claim == Claim::idle ? hand_out_idle(claimed, by) : Taken{.over_budget = true};
}

/// Makes what is booked. If that throws, or the budget is used up (nullptr), the booking is undone.
template <class Policy> PoolBlock* PoolCoreOf<Policy>::make_booked(BlockStore::AtBudget at_budget) {
    try {
        stock_.make_room(stock_.load().buffers());
        if (PoolBlock* const block = store_.make(*this, at_budget)) {
            allocations_.fetch_add(1, std::memory_order_relaxed);
            return block;
        }
    } catch (...) {
        settle_here(Usage::one_buffer + Usage::one_moving);
        throw;
    }
    settle_here(Usage::one_buffer + Usage::one_moving);
    return nullptr;
}

template <class Policy> Block* PoolCoreOf<Policy>::hand_out_booked(PoolBlock& block, const Acquirer& by) noexcept {
    raise_to(peak_, stock_.booked_is_out().out());
    return hand_out(block, by, true);
}

/// Makes a booked buffer that nobody asked for. False at the budget.
template <class Policy> bool PoolCoreOf<Policy>::make_spare() {
    PoolBlock* const block = make_booked(BlockStore::AtBudget::refuse);
    if (!block)
        return false;
    memory_goes_idle(block->memory, block->bytes);
    stock_.push(*block);
    settle_here(Usage::one_moving);
    pass_on_budget();
    return true;
}

/// The first of the new buffers is out; the others are only to spare the next acquirers: failing to make them is no error.
template <class Policy> void PoolCoreOf<Policy>::grow(std::size_t before) noexcept {
    try {
        for (std::size_t left = growth(before); left > 1 && stock_.book(maximum()); --left)
            if (!make_spare())
                return;
    } catch (...) {
        return; // no memory
    }
}

template <class Policy> void PoolCoreOf<Policy>::give_back(Block& given) noexcept {
    auto& block = static_cast<PoolBlock&>(given);
    take_back(block);
    if (!block.memory) {
        if (block.release_foreign)
            block.release_foreign(block.foreign);
        headers_.push(block);
        leave(Usage::one_adopted);
        return;
    }
    if (!block.overflow)
        return put(block);
    store_.free(block);
    if (settle(Usage::one_buffer + Usage::one_out))
        delete this;
}

/// Back to the free list, where whoever then sees it counted as idle finds it.
template <class Policy> void PoolCoreOf<Policy>::put(PoolBlock& block) noexcept {
    std::shared_ptr<Budget> tell_then; // the pool may end as soon as the buffer is counted as idle
    for (Given given = stock_.give_back(block);; given = stock_.give(Usage::one_out)) {
        switch (given) {
        case Given::done:
            if (tell_then)
                tell_then->tell();
            return;
        case Given::closed: // nobody will claim it: we take one out in exchange
            store_.free(stock_.pop());
            return leave(Usage::one_buffer + Usage::one_out);
        case Given::waiting:
            if (serve(tell_then))
                return;
        }
    }
}

/// Gives one buffer, pushed but not yet counted as idle, to the first in line. False if nobody is: then whom to tell, if
/// anybody, once it is counted.
template <class Policy> bool PoolCoreOf<Policy>::serve(std::shared_ptr<Budget>& tell_then) noexcept {
    const auto line = line_; // once the buffer is counted as idle, its waiter may end the pool
    const Lock lock(line->mutex);
    if (line->empty()) {
        if (auto budget = nobody_in_line())
            tell_then = std::move(budget);
        return false;
    }
    if (Ticket* const ticket = line->next_ticket()) {
        WaitLine::give(*ticket, stock_.pop()); // it stays out
        return true;
    }
    [[maybe_unused]] const bool over = stock_.leave(Usage::one_out);
    assert(!over); // who is in line has a handle to the pool
    line->tell();
    return true;
}

/// Under the line's lock. Clears the mark. If that was set for who waits for the budget, it is returned: after what we have to
/// give is given it is to be told, and whoever is told sets the marks again before it waits on.
template <class Policy> std::shared_ptr<Budget> PoolCoreOf<Policy>::nobody_in_line() noexcept {
    stock_.line_is_empty();
    return store_.anybody_waits_for_budget() ? store_.budget() : nullptr;
}

/// Subtracts `what`, which leaves room for another buffer, and tells the first in line. True for the one who is to
/// destroy the pool.
template <class Policy> bool PoolCoreOf<Policy>::settle(Usage::Bits what) noexcept {
    switch (stock_.give(what)) {
    case Given::done: return false;
    case Given::closed: return stock_.leave(what);
    case Given::waiting: break;
    }
    const auto line = line_; // as soon as `what` is subtracted the pool may end
    const Lock lock(line->mutex);
    if (line->empty()) {
        clear_mark();
        return stock_.leave(what);
    }
    [[maybe_unused]] const bool over = stock_.leave(what);
    assert(!over); // who is in line has a handle to the pool
    line->tell();
    return false;
}

template <class Policy> Block* PoolCoreOf<Policy>::adopt(const Foreign& foreign, const Acquirer& by) {
    try {
        PoolBlock* header = headers_.pop();
        if (!header) {
            headers_.make_room(header_count_.fetch_add(1, std::memory_order_relaxed) + 1);
            header = &store_.make_header(*this);
        }
        if (!stock_.adopt()) {
            headers_.push(*header);
            throw std::bad_alloc();
        }
        return hand_out_adopted(*header, foreign, by);
    } catch (...) {
        if (foreign.release)
            foreign.release(foreign.opaque);
        throw;
    }
}

template <class Policy> PoolStats PoolCoreOf<Policy>::stats() const noexcept {
    const Usage usage = stock_.load();
    PoolStats stats;
    stats.in_use = usage.out();
    stats.available = usage.idle();
    stats.capacity = stats.in_use + stats.available;
    // Acquires are counted in the blocks: one that is under way is out already and may not be counted yet.
    stats.total_acquires = std::max<std::uint64_t>(store_.uses(), stats.in_use);
    stats.total_releases = stats.total_acquires - stats.in_use;
    stats.peak_usage = peak_.load(std::memory_order_relaxed);
    stats.adopted_in_use = usage.adopted();
    fill_in(stats);
    return stats;
}

} // namespace weir::detail
