#pragma once
// Waiting for the first of several things.
#include <weir/framework/port.hpp>
#include <weir/framework/stage_context.hpp>

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir {

namespace detail {

/// One of the things: a wait that lives as long as the expression it stands in, or an input, which is peeked at.
template <class W> struct AnyArm {
    static_assert(
        requires { W::usable_in_any; }, "any(...) takes inputs, what shows their next item, times, events and results");
    explicit AnyArm(W& given) noexcept : wait(given) {}
    W& wait;
};
template <class T> struct AnyArm<Input<T>> {
    explicit AnyArm(Input<T>& input) noexcept : wait(input.peek()) {}
    PeekWait<T> wait;
};

template <class... Things> class AnyWait final : public Wait {
public:
    explicit AnyWait(StageContext& context, Things&... things) noexcept
        : Wait(context.base(), WaitKind::input, nullptr), arms_(things...),
          waits_(std::apply([](auto&... arm) { return std::array<Wait*, sizeof...(Things)>{&arm.wait...}; }, arms_)) {
        for (const Wait* wait : waits_) // what ends by itself or from outside is not for the stall rule
            if (wait->kind() != WaitKind::input && kind_ != WaitKind::event)
                kind_ = wait->kind();
    }
    bool ready() noexcept override {
        for (std::size_t i = 1; i <= waits_.size(); ++i) {
            const std::size_t index = (stage_.served_last + i) % waits_.size();
            if (waits_[index]->ready()) {
                which_ = index;
                return true;
            }
        }
        return false;
    }
    void publish() noexcept override {
        for (Wait* wait : waits_)
            wait->publish();
    }
    void unpublish() noexcept override {
        for (Wait* wait : waits_)
            wait->unpublish();
    }
    std::size_t await_resume() const noexcept { return stage_.served_last = which_; }

private:
    std::tuple<AnyArm<Things>...> arms_;
    std::array<Wait*, sizeof...(Things)> waits_;
    std::size_t which_ = 0;
};

} // namespace detail

/// `co_await any(a, b, ...)` gives the number, from 0, of one that need not be waited for any more: an input with an item or at
/// its end, or another wait such as `sleep_until(t)`, `until(event)`, `compute.result()`. Takes nothing: the next `co_await` of
/// that one does not wait. If several are ready they have their turns. Which is first depends on the schedule, so what a stage
/// makes of it may differ from run to run. Does not allocate.
template <class... Things> [[nodiscard]] auto any(Things&&... things) {
    static_assert(sizeof...(Things) > 0, "any() of nothing would wait for ever");
    return detail::AnyWait<std::remove_cvref_t<Things>...>(this_stage(), things...);
}

} // namespace weir
