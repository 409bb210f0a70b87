#pragma once
// Bodies of native nodes whose exceptions become the pipeline's errors.
#include <weir/framework/flow_graph.hpp>
#include <weir/framework/flow_message.hpp>

#include <exception>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::flow {

/// A body of a native node from which no exception gets into oneTBB: the first stage behind it (a receiver's, or a sender's
/// where the graph has no receiver) throws it instead, or skips the item if that is its policy. What the body returns then is
/// `R{}`, an empty message for instance; a guarded body is not called for an empty message, or a tuple with one in it, and
/// returns `R{}` as well. Once a pipeline of this graph was cancelled or has failed, none is called. Name the types of the
/// node: they cannot be deduced from it. May be called by several threads, as `F` may be.
template <class F> class Guard {
public:
    Guard(std::shared_ptr<detail::FlowGroup> group, F f) : group_(std::move(group)), f_(std::move(f)) {}

    template <class... Args>
        requires std::is_invocable_v<F&, Args...>
    auto operator()(Args&&... args) noexcept -> std::invoke_result_t<F&, Args...> {
        using Result = std::invoke_result_t<F&, Args...>;
        if (!group_->stopping() && !(lacks_item(args) || ...)) {
            try {
                return f_(std::forward<Args>(args)...);
            } catch (...) {
                group_->fail(std::current_exception());
            }
        }
        (stop_source(args), ...);
        if constexpr (!std::is_void_v<Result>)
            return Result{};
    }

private:
    template <class T> [[nodiscard]] static bool lacks_item(const T&) noexcept { return false; }
    template <Item T> [[nodiscard]] static bool lacks_item(const Message<T>& message) noexcept { return !message; }
    template <class... T> [[nodiscard]] static bool lacks_item(const std::tuple<T...>& parts) noexcept {
        return std::apply([](const auto&... part) { return (lacks_item(part) || ...); }, parts);
    }
    template <class T> static void stop_source(const T&) noexcept {}
    static void stop_source(oneapi::tbb::flow_control& control) noexcept { control.stop(); } // an input_node's

    std::shared_ptr<detail::FlowGroup> group_;
    F f_;
};

template <class F> [[nodiscard]] Guard<F> guard(const Graph& graph, F f) { return Guard<F>(graph.group(), std::move(f)); }

} // namespace weir::flow
