#pragma once
// Something the application says to a stage.
#include <weir/framework/stage_context.hpp>
#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/waiter.hpp>

#include <atomic>
#include <string>

namespace weir {

/// Happens once, until it is reset. Thread-safe. Outlives the stages that wait for it.
class Event {
public:
    explicit Event(std::string name) : name_(std::move(name)) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    void set() noexcept;
    void reset() noexcept { set_.store(false, std::memory_order_seq_cst); }
    [[nodiscard]] bool is_set() const noexcept { return set_.load(std::memory_order_seq_cst); }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
    friend class EventWait; // NOLINT(cppcoreguidelines-virtual-class-destructor): final, nobody deletes it by a base
    std::string name_;
    std::atomic<bool> set_{false};
    detail::Mutex mutex_;
    detail::IntrusiveList<Waiter> waiters_ WEIR_GUARDED_BY(mutex_);
};

class EventWait final : public detail::Wait, private Waiter {
public:
    static constexpr bool usable_in_any = true;
    EventWait(StageContext& context, Event& event) noexcept
        : Wait(context.base(), detail::WaitKind::event, nullptr), event_(event) {}
    ~EventWait() { unpublish(); }
    bool ready() noexcept override { return event_.is_set(); }
    void publish() noexcept override;
    void unpublish() noexcept override;
    void await_resume() const noexcept {}
    [[nodiscard]] const Event& event() const noexcept { return event_; }

private:
    void notify() noexcept override { stage_.signal(); }
    Event& event_;
};

/// `co_await until(event)` waits until the event is set. Outside the stall rule: the watchdog names who waits too long.
[[nodiscard]] inline EventWait until(Event& event) { return EventWait(this_stage(), event); }

} // namespace weir
