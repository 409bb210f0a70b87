#pragma once
// How a pool waits: in its own line at its maximum, in the budget's at that; never in both.
#include "pool_core_of.hpp"

namespace weir::detail {

template <class Policy>
Block* PoolCoreOf<Policy>::take_within(std::chrono::nanoseconds timeout, std::stop_token stop, const Acquirer& by) {
    Taken taken;
    if (!Policy::shared || !stock_.load().is_waiting()) { // those in line come first
        taken = try_take(by);
        if (taken.block || !Policy::shared)
            return or_throw(taken);
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto until = begin + std::min<std::chrono::nanoseconds>(timeout, std::chrono::hours(24 * 365));
    do {
        taken = taken.over_budget ? take_from_budget(until, stop, by) : take_in_line(until, stop, by);
    } while (!taken.block && !stop.stop_requested() && std::chrono::steady_clock::now() < until);
    wait_time_.fetch_add((std::chrono::steady_clock::now() - begin).count(), std::memory_order_relaxed);
    return stop.stop_requested() ? taken.block : or_throw(taken);
}

template <class Policy>
typename PoolCoreOf<Policy>::Taken PoolCoreOf<Policy>::take_in_line(std::chrono::steady_clock::time_point until,
                                                                    const std::stop_token& stop, const Acquirer& by) {
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
    if (ticket.given)
        return {.block = hand_out(*ticket.given, by, false)};
    return claimed.claim == Claim::none ? Taken{} : redeem(claimed, by);
}

template <class Policy>
typename PoolCoreOf<Policy>::Taken PoolCoreOf<Policy>::take_from_budget(std::chrono::steady_clock::time_point until,
                                                                        const std::stop_token& stop, const Acquirer& by) {
    if (!store_.can_ever_fit())
        throw store_.over_budget();
    const std::shared_ptr<Budget> budget = store_.budget();
    Ticket ticket;
    struct Standing { // also if trying throws
        Budget& budget;
        Ticket& ticket;
        ~Standing() { budget.leave(ticket); }
    } const standing{*budget, ticket};
    const std::stop_callback on_stop(stop, [&] { budget->stop(ticket); });
    budget->join(ticket);
    waits_.fetch_add(1, std::memory_order_relaxed);
    for (bool last = false;; last = !budget->wait(ticket, until)) {
        mark_pools();
        const Taken taken = try_take(by);
        if (taken.block || !taken.over_budget || last || stop.stop_requested())
            return taken;
    }
}

template <class Policy> Block* PoolCoreOf<Policy>::take_or_notify(Waiter& waiter, const Acquirer& by) {
    Taken taken = try_take(by);
    if (taken.block)
        pass_on_budget();
    while (!taken.block) {
        if (!taken.over_budget) {
            taken = take_in_line(waiter, by);
            if (!taken.over_budget)
                break;
        }
        taken = take_from_budget(waiter, [&] { return try_take(by); });
        if (taken.over_budget)
            break;
    }
    return taken.block;
}

template <class Policy>
typename PoolCoreOf<Policy>::Taken PoolCoreOf<Policy>::take_in_line(Waiter& waiter, const Acquirer& by) {
    if (store_.budget())
        leave_lines(waiter); // it may stand in the other one
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
    return claimed.claim == Claim::none ? Taken{} : redeem(claimed, by);
}

/// `over_budget` if the waiter stays in line.
template <class Policy>
template <class Try>
typename PoolCoreOf<Policy>::Taken PoolCoreOf<Policy>::take_from_budget(Waiter& waiter, Try again) {
    if (!store_.can_ever_fit())
        throw store_.over_budget();
    {
        const Lock lock(line_->mutex);
        store_.budget()->leave_for_now(waiter); // or this line: it may stand in either
        pass_on();
    }
    store_.budget()->join(waiter);
    Taken taken;
    try {
        mark_pools();
        taken = again(); // what came back before we were in line told nobody
    } catch (...) {
        store_.budget()->leave(waiter);
        throw;
    }
    if (taken.over_budget)
        waits_.fetch_add(1, std::memory_order_relaxed);
    else
        store_.budget()->leave(waiter);
    return taken;
}

/// It may have been told and now does not take what it was told of: the next one shall.
template <class Policy> void PoolCoreOf<Policy>::leave_lines(Waiter& waiter) noexcept {
    const Lock lock(line_->mutex);
    if (store_.budget())
        store_.budget()->leave(waiter);
    else
        waiter.unlink();
    pass_on();
}

} // namespace weir::detail
