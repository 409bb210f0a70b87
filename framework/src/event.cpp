#include <weir/framework/event.hpp>

namespace weir {

void Event::set() noexcept {
    set_.store(true, std::memory_order_seq_cst);
    const detail::Lock lock(mutex_);
    while (Waiter* waiter = waiters_.pop_front())
        waiter->notify();
}

void EventWait::publish() noexcept {
    stage_.waits_for(&event_.name());
    const detail::Lock lock(event_.mutex_);
    if (!linked())
        event_.waiters_.push_back(*this);
}

void EventWait::unpublish() noexcept {
    const detail::Lock lock(event_.mutex_);
    unlink();
}

} // namespace weir
