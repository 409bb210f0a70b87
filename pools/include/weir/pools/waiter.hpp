#pragma once
// Somebody to be told when a bound has room again.
#include <weir/pools/detail/intrusive_list.hpp>

namespace weir {

/// Implemented by who waits without blocking. A waiter stands in at most one line at a time and is told at most once
/// for each time it stood in line. Taking it out of the line before it dies is its owner's duty (`cancel_wait` of what
/// it waits for): when that has returned, `notify` is neither under way nor will come.
class Waiter : public detail::ListNode {
public:
    /// Called on the thread that made room, under the line's lock: sets a flag or posts work, nothing else.
    virtual void notify() noexcept = 0;

protected:
    Waiter() = default;
    ~Waiter() = default;
};

} // namespace weir
