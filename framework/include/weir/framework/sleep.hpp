#pragma once
// Waiting for a time.
#include <weir/framework/clock.hpp>
#include <weir/framework/stage_context.hpp>

#include <chrono>

namespace weir {

namespace detail {

class SleepWait final : public Wait {
public:
    static constexpr bool usable_in_any = true;
    SleepWait(StageContext& context, Clock::Time until)
        : Wait(context.base(), WaitKind::time, nullptr), context_(context), until_(until) {
        context.prepare_timer();
    }
    bool ready() noexcept override { return context_.clock().now() >= until_; }
    void publish() noexcept override { context_.wake_at(until_); }
    void await_resume() const noexcept {}

private:
    StageContext& context_;
    Clock::Time until_;
};

} // namespace detail

/// `co_await sleep_until(t)` goes on at `t` by the engine's clock, or a little later, or when the stage is cancelled. No thread
/// waits. The first of a stage allocates.
[[nodiscard]] inline auto sleep_until(Clock::Time until) { return detail::SleepWait(this_stage(), until); }
/// The same, so long from now.
[[nodiscard]] inline auto sleep_for(std::chrono::nanoseconds time) {
    StageContext& stage = this_stage();
    return detail::SleepWait(stage, stage.clock().now() + std::chrono::duration_cast<Clock::Time::duration>(time));
}

} // namespace weir
