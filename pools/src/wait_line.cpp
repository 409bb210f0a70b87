#include "wait_line.hpp"

namespace weir::detail {

Ticket* WaitLine::next_ticket() noexcept {
    if (!tickets_turn_ && !waiters_.empty())
        return nullptr;
    tickets_turn_ = false;
    return tickets_.pop_front();
}

void WaitLine::give(Ticket& ticket, PoolBlock& block) noexcept {
    ticket.given = &block;
    ticket.condition.notify_one();
}

void WaitLine::tell() noexcept {
    if (!tickets_.empty() && (tickets_turn_ || waiters_.empty())) {
        tickets_turn_ = false;
        tickets_.front()->told = true;
        tickets_.front()->condition.notify_one(); // it stays first until it has what it came for
        return;
    }
    tickets_turn_ = true;
    if (Waiter* const waiter = waiters_.pop_front())
        waiter->notify();
}

void WaitLine::tell(std::size_t count) noexcept {
    if (!tickets_.empty())
        tickets_.front()->condition.notify_one(); // it passes on what it leaves
    for (; count != 0; --count) {
        Waiter* const waiter = waiters_.pop_front();
        if (!waiter)
            return;
        waiter->notify();
    }
}

} // namespace weir::detail
