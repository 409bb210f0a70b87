#pragma once
// The time that stages sleep by.
#include <weir/pools/detail/intrusive_list.hpp>
#include <weir/pools/detail/mutex.hpp>

#include <atomic>
#include <chrono>

namespace weir {

/// The machine's steady clock. Thread-safe.
class Clock {
public:
    using Time = std::chrono::steady_clock::time_point;

    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    [[nodiscard]] virtual Time now() const noexcept { return std::chrono::steady_clock::now(); }
    /// Whether it goes on by itself, at the steady clock's pace. One that does not tells those that `watch` it.
    [[nodiscard]] virtual bool runs() const noexcept { return true; }

    /// An engine's eye on the clock.
    class Watcher : public detail::ListNode {
    public:
        /// Called under the clock's lock: posts work, nothing else.
        virtual void clock_was_set() noexcept = 0;

    protected:
        Watcher() = default;
        ~Watcher() = default;
    };
    virtual void watch(Watcher&) noexcept {}
    virtual void unwatch(Watcher&) noexcept {}
};

/// Stands still until it is told: for tests, and for pipelines that are driven by somebody else's time. Thread-safe.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Time start = Time{}) noexcept : now_(start.time_since_epoch().count()) {}

    [[nodiscard]] Time now() const noexcept override { return Time(Time::duration(now_.load(std::memory_order_acquire))); }
    [[nodiscard]] bool runs() const noexcept override { return false; }
    /// Goes forward and wakes the stages that slept until then.
    void advance(std::chrono::nanoseconds by) noexcept;

    void watch(Watcher& watcher) noexcept override;
    void unwatch(Watcher& watcher) noexcept override;

private:
    std::atomic<Time::rep> now_; // release, pairs with `now`
    detail::Mutex mutex_;
    detail::IntrusiveList<Watcher> watchers_ WEIR_GUARDED_BY(mutex_);
};

} // namespace weir
