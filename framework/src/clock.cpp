#include <weir/framework/clock.hpp>

namespace weir {

void ManualClock::advance(std::chrono::nanoseconds by) noexcept {
    const detail::Lock lock(mutex_);
    now_.fetch_add(std::chrono::duration_cast<Time::duration>(by).count(), std::memory_order_release);
    watchers_.for_each([](Watcher& watcher) { watcher.clock_was_set(); });
}

void ManualClock::watch(Watcher& watcher) noexcept {
    const detail::Lock lock(mutex_);
    watchers_.push_back(watcher);
}

void ManualClock::unwatch(Watcher& watcher) noexcept {
    const detail::Lock lock(mutex_);
    watcher.unlink();
}

} // namespace weir
