#pragma once
// The way from a pipeline into native oneTBB nodes.
#include <weir/framework/flow_graph.hpp>
#include <weir/framework/flow_message.hpp>
#include <weir/framework/offload.hpp>
#include <weir/framework/shapes.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace weir::flow {

/// What a sender does at the end of its stream with items that stay in native nodes.
enum class AtEnd : std::uint8_t {
    wait,  ///< the pipeline ends when all have been let go of
    leave, ///< it ends when nothing in the graph moves any more, and says how many it left: for a join whose inputs may differ
};

/// From a pipeline to native nodes: the stage `stage()` puts what it reads to the node's successors, at most `limit` items live
/// at once. Connect it as any `tbb::flow::sender`. It buffers what nobody takes, as a queue_node, so successors may reject and
/// pull, and like a queue_node it gives an item to one of several successors; for all of them, put a broadcast_node behind it.
/// Gaps end here. Outlives the run of its pipeline.
template <Item T> class Sender final : public oneapi::tbb::flow::sender<Message<T>> {
    using Base = oneapi::tbb::flow::sender<Message<T>>;
    using Slots = detail::FlowSlots<T>;

public:
    /// Throws std::invalid_argument if the limit is 0. `name` is shown where the pipeline waits for native nodes.
    Sender(Graph& graph, const std::string& name, std::size_t limit = default_capacity<T>, AtEnd at_end = AtEnd::wait)
        : graph_(graph), queue_(graph.native()),
          slots_(std::make_shared<Slots>(graph.group(), name, require(name, limit), at_end == AtEnd::leave)),
          holder_("native nodes behind " + name) {}

    /// The stage, to be added to one pipeline; after its end another may get one.
    [[nodiscard]] auto stage() {
        slots_->group().expect(*slots_);
        return detail::Shape<Body>{{this, slots_}, "flow sender", {.at_once = slots_->limit() + 1, .beyond = &slots_->group()}};
    }
    /// Called on a worker once no node runs any more after the last item, before the receivers may end: for nodes that keep
    /// items until they know that it was the last. Must not wait. Set before the pipeline starts.
    void on_end(std::function<void()> f) { on_end_ = std::move(f); }

    [[nodiscard]] std::size_t limit() const noexcept { return slots_->limit(); }
    [[nodiscard]] std::size_t live() const noexcept { return slots_->live(); } ///< items among native nodes
    [[nodiscard]] std::size_t peak() const noexcept { return slots_->peak(); } ///< the most there were at once

    // of a native sender
    bool try_get(Message<T>& message) override { return queue_.try_get(message); }
    bool try_reserve(Message<T>& message) override { return queue_.try_reserve(message); }
    bool try_release() override { return queue_.try_release(); }
    bool try_consume() override { return queue_.try_consume(); }

private:
    bool register_successor(typename Base::successor_type& successor) override {
        oneapi::tbb::flow::make_edge(queue_, successor);
        return true;
    }
    bool remove_successor(typename Base::successor_type& successor) override {
        oneapi::tbb::flow::remove_edge(queue_, successor);
        return true;
    }
    static std::size_t require(const std::string& name, std::size_t limit) {
        if (limit == 0)
            throw std::invalid_argument(name + ": a sender of no items would pass nothing");
        return limit;
    }

    /// For a credit; ends as well for an error or when nobody reads any more, with an empty message.
    class CreditWait final : public detail::FlowWait {
    public:
        CreditWait(StageContext& context, Slots& slots, T& item) noexcept
            : FlowWait(context, slots), slots_(slots), item_(item) {}
        bool ready() noexcept override {
            if (message_ || slots_.has_error() || slots_.unread())
                return true;
            if (detail::FlowCell<T>* cell = slots_.try_fill(item_))
                message_ = Message<T>(*cell);
            return static_cast<bool>(message_);
        }
        Message<T> await_resume() noexcept { return std::move(message_); }

    private:
        Slots& slots_;
        T& item_;
        Message<T> message_;
    };
    class AllBackWait final : public detail::FlowWait {
    public:
        AllBackWait(StageContext& context, Slots& slots) noexcept : FlowWait(context, slots), slots_(slots) {}
        bool ready() noexcept override { return slots_.has_error() || slots_.unread() || slots_.all_back(); }
        void await_resume() const noexcept {}

    private:
        Slots& slots_;
    };

    struct Body {
        Sender* node;
        std::shared_ptr<Slots> slots;

        [[nodiscard]] std::string refuses_seek() const { return "native nodes keep what they have"; }
        /// No coroutine itself: a stage that is ended before its first step has to wait for the native nodes, too.
        Process operator()(Input<T> in) {
            this_stage().on_end([node = node](EndReason reason) { node->over(reason); });
            slots->group().open(*slots);
            return run(in);
        }
        Process run(Input<T> in) {
            StageContext& context = this_stage();
            detail::FlowGroup& group = slots->group();
            while (std::optional<T> item = co_await in.next()) {
                pass_to(*item, node->holder_.id(), context.base().now());
                bool unread = false;
                for (Message<T> message; !message && !unread;) {
                    message = co_await CreditWait(context, *slots, *item);
                    if (message)
                        node->queue_.try_put(message);
                    else if (std::exception_ptr error = group.take_error(detail::FlowSide::sender))
                        context.report(std::move(error));
                    else
                        unread = slots->unread();
                }
                item.reset();
                node->report(context);
                if (unread)
                    break;
            }
            if (node->on_end_) {
                co_await offload([&graph = node->graph_] { graph.wait(); });
                node->on_end_();
            }
            group.close(*slots);
            for (;;) {
                co_await AllBackWait(context, *slots);
                if (std::exception_ptr error = group.take_error(detail::FlowSide::sender))
                    context.report(std::move(error));
                else
                    break;
            }
            if (slots->live() > 0)
                co_await offload([&graph = node->graph_] { graph.wait(); });
            node->report(context);
            if (const std::size_t left = slots->live(); left > 0) {
                context.counter("left in native nodes").store(left, std::memory_order_relaxed);
                context.warn("", std::to_string(left) + " items stay in native nodes, where nothing moves any more");
            }
        }
    };

    /// Figures for the pipeline's statistics.
    void report(StageContext& context) {
        const std::size_t peak = slots_->peak();
        if (peak != std::exchange(reported_peak_, peak))
            context.counter("most live at once").store(peak, std::memory_order_relaxed);
        if (slots_->lost() && !std::exchange(reported_lost_, true))
            context.warn("", "items are lost in front of a receiver that is full: the node before it must be one that buffers, "
                             "such as a queue_node");
    }
    /// On an I/O thread, after the stage.
    void over(EndReason reason) noexcept {
        detail::FlowGroup& group = slots_->group();
        const bool cut = reason == EndReason::failed || reason == EndReason::cancelled;
        if (cut) {
            group.stop();
            for (Message<T> message; queue_.try_get(message);)
                message = {};
            group.discard_unopened();
        } else {
            group.close(*slots_); // one that was detached: what there is has been sent
        }
        if (group.leave())
            graph_.wait();
    }

    Graph& graph_;
    oneapi::tbb::flow::queue_node<Message<T>> queue_;
    std::shared_ptr<Slots> slots_;
    Holder holder_;
    std::function<void()> on_end_;
    std::size_t reported_peak_ = 0; // the stage's
    bool reported_lost_ = false;
};

} // namespace weir::flow
