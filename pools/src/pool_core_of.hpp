#pragma once
// A pool's moves, for any free list.
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

    Block* take(const Acquirer& by) override {
        const Claimed claimed = claim();
        return claimed.claim == Claim::none ? nullptr : redeem(claimed, by);
    }

    Block* take_or_spill(const Acquirer& by) override {
        if (Block* const block = take(by))
            return block;
        if (!stock_.book(Usage::most_buffers))
            throw exhausted({});
        PoolBlock& block = make_booked(BlockStore::AtBudget::reclaim);
        block.overflow = true;
        Block* const out = hand_out_booked(block, by);
        count_overflow();
        return out;
    }

    Block* take_within(std::chrono::nanoseconds timeout, std::stop_token stop, const Acquirer& by) override;
    Block* take_or_notify(Waiter& waiter, const Acquirer& by) override;
    Block* adopt(const Foreign& foreign, const Acquirer& by) override;
    void give_back(Block& block) noexcept override;

    void cancel_wait(Waiter& waiter) noexcept override {
        const Lock lock(line_->mutex);
        waiter.unlink();
        pass_on(); // it may have been told and now does not take what it was told of: the next one shall
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
            make_spare(BlockStore::AtBudget::refuse);
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

    ~PoolCoreOf() = default;

    [[nodiscard]] Claimed claim() noexcept {
        Claimed claimed;
        claimed.claim = stock_.claim(maximum(), claimed.after, claimed.block);
        return claimed;
    }
    Block* redeem(const Claimed& claimed, const Acquirer& by);
    PoolBlock& make_booked(BlockStore::AtBudget at_budget);
    Block* hand_out_booked(PoolBlock& block, const Acquirer& by) noexcept;
    void make_spare(BlockStore::AtBudget at_budget);
    void grow(std::size_t before) noexcept;

    void put(PoolBlock& block) noexcept;
    [[nodiscard]] bool serve() noexcept;
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
            stock_.line_is_empty();
        else if (stock_.load().has_room(maximum()))
            line_->tell();
    }

    // What every acquire and release touches, together and away from the rest.
    alignas(64) Stock stock_;
    typename Policy::template Atomic<std::size_t> peak_{0}; // relaxed: for reports
    alignas(64) typename Policy::FreeList headers_;         ///< of adopted memory, to be used again
    Policy::template Atomic<std::size_t> header_count_{0};  // relaxed: how many nodes to ask for
    const std::shared_ptr<WaitLine> line_ = std::make_shared<WaitLine>();
};

template <class Policy> Block* PoolCoreOf<Policy>::redeem(const Claimed& claimed, const Acquirer& by) {
    if (claimed.claim == Claim::idle) {
        raise_to(peak_, claimed.after.out());
        assert(claimed.block);
        return hand_out(*claimed.block, by, false);
    }
    Block* const block = hand_out_booked(make_booked(BlockStore::AtBudget::reclaim), by);
    grow(claimed.after.buffers() - 1);
    return block;
}

/// Makes what is booked; if that throws, the booking is undone.
template <class Policy> PoolBlock& PoolCoreOf<Policy>::make_booked(BlockStore::AtBudget at_budget) {
    try {
        stock_.make_room(stock_.load().buffers());
        PoolBlock& block = store_.make(*this, at_budget);
        allocations_.fetch_add(1, std::memory_order_relaxed);
        return block;
    } catch (...) {
        settle_here(Usage::one_buffer + Usage::one_moving);
        throw;
    }
}

template <class Policy> Block* PoolCoreOf<Policy>::hand_out_booked(PoolBlock& block, const Acquirer& by) noexcept {
    raise_to(peak_, stock_.booked_is_out().out());
    return hand_out(block, by, true);
}

template <class Policy> void PoolCoreOf<Policy>::make_spare(BlockStore::AtBudget at_budget) {
    PoolBlock& block = make_booked(at_budget);
    memory_goes_idle(block.memory, block.bytes);
    stock_.push(block);
    settle_here(Usage::one_moving);
}

/// The first of the new buffers is out; the others are only to spare the next acquirers: failing to make them is no error.
template <class Policy> void PoolCoreOf<Policy>::grow(std::size_t before) noexcept {
    try {
        for (std::size_t left = growth(before); left > 1 && stock_.book(maximum()); --left)
            make_spare(BlockStore::AtBudget::refuse);
    } catch (...) {
        return; // no memory, or no budget
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
    for (Given given = stock_.give_back(block);; given = stock_.give(Usage::one_out)) {
        switch (given) {
        case Given::done: return;
        case Given::closed: // nobody will claim it: we take one out in exchange
            store_.free(stock_.pop());
            return leave(Usage::one_buffer + Usage::one_out);
        case Given::waiting:
            if (serve())
                return;
        }
    }
}

/// Gives one buffer, pushed but not yet counted as idle, to the first in line. False if nobody is.
template <class Policy> bool PoolCoreOf<Policy>::serve() noexcept {
    const auto line = line_; // once the buffer is counted as idle, its waiter may end the pool
    const Lock lock(line->mutex);
    if (line->empty()) {
        stock_.line_is_empty();
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

/// Subtracts `what`, which leaves room for another buffer, and tells the first in line. True for the one who is to
/// destroy the pool.
template <class Policy> bool PoolCoreOf<Policy>::settle(Usage::Bits what) noexcept {
    for (;;) {
        switch (stock_.give(what)) {
        case Given::done: return false;
        case Given::closed: return stock_.leave(what);
        case Given::waiting: break;
        }
        const auto line = line_;
        const Lock lock(line->mutex);
        if (line->empty()) {
            stock_.line_is_empty();
            continue;
        }
        [[maybe_unused]] const bool over = stock_.leave(what);
        assert(!over); // who is in line has a handle to the pool
        line->tell();
        return false;
    }
}

template <class Policy>
Block* PoolCoreOf<Policy>::take_within(std::chrono::nanoseconds timeout, std::stop_token stop, const Acquirer& by) {
    if (!Policy::shared || !stock_.load().is_waiting()) // those in line come first
        if (Block* const block = take(by); block || !Policy::shared)
            return block;

    const auto begin = std::chrono::steady_clock::now();
    const auto until = begin + std::min<std::chrono::nanoseconds>(timeout, std::chrono::hours(24 * 365));
    Ticket ticket;
    const std::stop_callback on_stop(stop, [this, &ticket] {
        const Lock lock(line_->mutex);
        ticket.stopped = true;
        ticket.condition.notify_one();
    });
    Claimed claimed;
    {
        const Lock lock(line_->mutex);
        line_->join(ticket);
        stock_.get_in_line();
        bool counted = false;
        for (bool timed_out = false; !ticket.given;) {
            if (line_->is_first(ticket))
                claimed = claim();
            if (claimed.claim != Claim::none || ticket.stopped || timed_out)
                break;
            if (!counted) {
                waits_.fetch_add(1, std::memory_order_relaxed);
                counted = true;
            }
            timed_out = ticket.condition.wait_until(line_->mutex, until) == std::cv_status::timeout;
        }
        ticket.unlink();
        pass_on();
    }
    wait_time_.fetch_add((std::chrono::steady_clock::now() - begin).count(), std::memory_order_relaxed);
    if (ticket.given)
        return hand_out(*ticket.given, by, false);
    return claimed.claim == Claim::none ? nullptr : redeem(claimed, by);
}

template <class Policy> Block* PoolCoreOf<Policy>::take_or_notify(Waiter& waiter, const Acquirer& by) {
    if (Block* const block = take(by))
        return block;
    Claimed claimed;
    {
        const Lock lock(line_->mutex);
        line_->join(waiter);
        stock_.get_in_line();
        claimed = claim(); // what came back before we were in line told nobody
        if (claimed.claim != Claim::none) {
            waiter.unlink();
            pass_on();
        } else {
            waits_.fetch_add(1, std::memory_order_relaxed);
        }
    }
    return claimed.claim == Claim::none ? nullptr : redeem(claimed, by);
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
