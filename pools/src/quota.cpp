#include <weir/pools/quota.hpp>

#include "atomic_max.hpp"

namespace weir {

std::shared_ptr<Quota> Quota::make(std::size_t limit) { return std::make_shared<Quota>(limit); }

bool Quota::try_take() noexcept {
    const std::size_t out = count_.try_take();
    note_peak(out);
    return out != 0;
}

bool Quota::take_or_notify(Waiter& waiter) noexcept {
    if (try_take())
        return true;
    const detail::Lock lock(mutex_);
    count_.get_in_line();
    if (!waiter.linked())
        waiters_.push_back(waiter);
    if (!try_take())
        return false;
    waiter.unlink();
    if (waiters_.empty())
        count_.line_is_empty();
    return true;
}

void Quota::take_anyway() noexcept { note_peak(count_.take_anyway()); }

void Quota::give_back() noexcept {
    count_.give_back();
    tell_if_starved();
}

void Quota::cancel_wait(Waiter& waiter) noexcept {
    const detail::Lock lock(mutex_);
    waiter.unlink();
    tell(); // it may have been told and now does not take what it was told of: the next one shall
}

void Quota::set_limit(std::size_t limit) noexcept {
    count_.set_limit(limit);
    tell_if_starved();
}

void Quota::grow() noexcept {
    count_.grow();
    overflows_.fetch_add(1, std::memory_order_relaxed);
    tell_if_starved();
}

void Quota::tell_if_starved() noexcept {
    if (!count_.anybody_in_line())
        return;
    const detail::Lock lock(mutex_);
    tell();
}

void Quota::tell() noexcept {
    for (std::size_t left = count_.room(); left != 0; --left) {
        Waiter* const first = waiters_.pop_front();
        if (!first)
            break;
        first->notify();
    }
    if (waiters_.empty())
        count_.line_is_empty();
}

void Quota::note_peak(std::size_t in_use) noexcept { detail::raise_to(peak_, in_use); }

bool Quota::has_room() const noexcept { return count_.room() != 0; }
std::size_t Quota::limit() const noexcept { return count_.limit(); }
std::size_t Quota::in_use() const noexcept { return count_.out(); }
std::size_t Quota::peak() const noexcept { return peak_.load(std::memory_order_relaxed); }
std::uint64_t Quota::overflows() const noexcept { return overflows_.load(std::memory_order_relaxed); }

} // namespace weir
