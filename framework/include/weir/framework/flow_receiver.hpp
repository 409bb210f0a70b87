#pragma once
// The way from native oneTBB nodes into a pipeline.
#include <weir/framework/flow_graph.hpp>
#include <weir/framework/flow_message.hpp>
#include <weir/framework/offload.hpp>
#include <weir/framework/shapes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::flow {

/// From native nodes to a pipeline: what is put to it comes out of the stage `stage()`, in the order it came. At most
/// `capacity` items wait in it; then it rejects, and pulls from the predecessor as soon as there is room: so the node before it
/// must be one that buffers (queue_node, sequencer_node, priority_queue_node, ...), or what it rejects is lost. `M` is what
/// native nodes give it: messages, or the items themselves. The stage's stream ends when every sender of the graph has sent
/// all, all their items were let go of and no node runs; once it has ended or nobody reads it, it takes everything and frees
/// it. Make the senders first. Outlives the run of its pipeline.
template <Item T, class M = Message<T>> class Receiver final : public oneapi::tbb::flow::receiver<M> {
    static_assert(std::is_same_v<M, Message<T>> || std::is_same_v<M, T>, "a receiver takes items or messages with items");
    using Base = oneapi::tbb::flow::receiver<M>;
    using Predecessor = oneapi::tbb::flow::sender<M>;

public:
    /// Throws std::invalid_argument if the capacity is 0. `name` is shown where the pipeline waits for native nodes.
    Receiver(Graph& graph, const std::string& name, std::size_t capacity = default_capacity<T>)
        : graph_(graph), inbox_(std::make_shared<Inbox>(*this, graph.group(), name, capacity)) {}

    /// The stage, to be added to one pipeline. `drain` does not end it if the graph has a sender: it goes on until all that is
    /// under way has come through.
    [[nodiscard]] auto stage() {
        inbox_->expect();
        const bool fed = graph_.group()->has_senders();
        return detail::Shape<Body>{
            {this, inbox_}, "flow receiver", {.passes_frames = false, .beyond = &inbox_->group(), .fed = fed}};
    }
    /// For a native source: the stream ends after what was put, when no node runs.
    void end() noexcept { inbox_->end(); }

    [[nodiscard]] std::size_t size() const noexcept { return inbox_->size(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return inbox_->capacity(); }

private:
    using Task = detail::native::Task;
    Task try_put_task(const M& message) override { return inbox_->put(message) ? detail::native::taken() : nullptr; }
    oneapi::tbb::flow::graph& graph_reference() const override { return graph_.native(); }
    bool register_predecessor(Predecessor& predecessor) override {
        if (!inbox_->add(predecessor)) {
            // It was closed between the refusal and this. Here is no place to take the item: oneTBB holds the sender's lock.
            graph_.native().reserve_wait();
            graph_.arena().enqueue([this] {
                oneapi::tbb::flow::graph& graph = graph_.native();
                inbox_->empty_if_closed();
                graph.release_wait();
            });
        }
        return true;
    }
    bool remove_predecessor(Predecessor& predecessor) override {
        inbox_->forget(predecessor);
        return true;
    }

    class Inbox final : public detail::FlowPort {
    public:
        Inbox(Receiver& node, std::shared_ptr<detail::FlowGroup> group, const std::string& name, std::size_t capacity)
            : FlowPort(std::move(group), detail::FlowSide::receiver, "items from native nodes to " + name), node_(node),
              ring_(capacity) {
            if (capacity == 0)
                throw std::invalid_argument(name + ": a receiver of no items would pass nothing");
            predecessors_.reserve(16);
        }
        [[nodiscard]] std::size_t capacity() const noexcept { return ring_.size(); }
        [[nodiscard]] std::size_t size() const noexcept WEIR_EXCLUDES(group_->mutex) {
            const detail::Lock lock(group_->mutex);
            return count_;
        }

        // Native nodes'.

        /// False: there is no room.
        bool put(M message) noexcept WEIR_EXCLUDES(group_->mutex) {
            const detail::Lock lock(group_->mutex); // let go of before the message is
            if (closed_)
                return true; // nobody reads it
            const bool fits = count_ < ring_.size();
            note_refused(message, !fits);
            if (fits) {
                ring_[(first_ + count_++) % ring_.size()] = std::move(message);
                group_->tell(*this);
            }
            return fits;
        }
        /// One that refused has something. False: nobody would take it.
        bool add(Predecessor& predecessor) WEIR_EXCLUDES(group_->mutex) {
            const detail::Lock lock(group_->mutex);
            predecessors_.push_back(&predecessor);
            group_->tell(*this);
            return !closed_;
        }
        void forget(Predecessor& predecessor) noexcept WEIR_EXCLUDES(group_->mutex) {
            const detail::Lock lock(group_->mutex);
            if (const auto found = std::find(predecessors_.begin(), predecessors_.end(), &predecessor);
                found != predecessors_.end())
                predecessors_.erase(found);
        }

        // The stage's.

        void expect() noexcept WEIR_EXCLUDES(group_->mutex) {
            group_->expect(*this);
            const detail::Lock lock(group_->mutex);
            closed_ = false;
        }
        void open() noexcept WEIR_EXCLUDES(group_->mutex) {
            group_->open(*this);
            const detail::Lock lock(group_->mutex);
            closed_ = false;
        }
        void close() noexcept WEIR_EXCLUDES(group_->mutex) {
            group_->close(*this);
            discard();
        }
        /// The next, or, where nothing waits here, one from a predecessor that was refused.
        [[nodiscard]] bool take(M& message) noexcept WEIR_EXCLUDES(group_->mutex) {
            for (Predecessor* from = nullptr;;) {
                {
                    const detail::Lock lock(group_->mutex);
                    if (count_ > 0) {
                        message = std::move(ring_[first_]);
                        first_ = (first_ + 1) % ring_.size();
                        --count_;
                        return true;
                    }
                    if (predecessors_.empty())
                        return false;
                    from = predecessors_.front();
                    predecessors_.erase(predecessors_.begin());
                }
                if (from->try_get(message)) {
                    note_refused(message, false);
                    const detail::Lock lock(group_->mutex);
                    predecessors_.push_back(from); // room was reserved when it came: erase keeps it
                    return true;
                }
                oneapi::tbb::flow::make_edge(*from, static_cast<Base&>(node_)); // it has none: it puts again
            }
        }
        [[nodiscard]] bool has_error() const noexcept WEIR_EXCLUDES(group_->mutex) {
            const detail::Lock lock(group_->mutex);
            return group_->has_error(detail::FlowSide::receiver);
        }
        [[nodiscard]] bool over() const noexcept WEIR_EXCLUDES(group_->mutex) {
            const detail::Lock lock(group_->mutex);
            return group_->over() || (ended_ && group_->awaited == 0);
        }

        void end() noexcept WEIR_EXCLUDES(group_->mutex) {
            const detail::Lock lock(group_->mutex);
            ended_ = true;
            group_->tell(*this);
        }
        /// From now on what comes is taken and freed.
        void discard() noexcept override WEIR_EXCLUDES(group_->mutex) {
            {
                const detail::Lock lock(group_->mutex);
                closed_ = true;
            }
            empty_if_closed();
        }
        void empty_if_closed() noexcept WEIR_EXCLUDES(group_->mutex) {
            const auto closed = [this] {
                const detail::Lock lock(group_->mutex);
                return closed_; // a stage that is made anew opens it again
            };
            for (M message; closed() && take(message);)
                message = M{};
        }

    private:
        static void note_refused(const Message<T>& message, bool refused) noexcept { message.note_refused(refused); }
        template <class Other> static void note_refused(const Other&, bool) noexcept {}

        Receiver& node_;
        std::vector<M> ring_; // its elements: guarded by the group's mutex
        std::size_t first_ WEIR_GUARDED_BY(group_->mutex) = 0;
        std::size_t count_ WEIR_GUARDED_BY(group_->mutex) = 0;
        bool closed_ WEIR_GUARDED_BY(group_->mutex) = false;
        bool ended_ WEIR_GUARDED_BY(group_->mutex) = false;
        std::vector<Predecessor*> predecessors_ WEIR_GUARDED_BY(group_->mutex);
    };

    enum class Step : std::uint8_t { none, item, error, over };
    class ReceiveWait final : public detail::FlowWait {
    public:
        ReceiveWait(StageContext& context, Inbox& inbox, M& message) noexcept
            : FlowWait(context, inbox), inbox_(inbox), message_(message) {}
        bool ready() noexcept override {
            if (step_ == Step::none)
                step_ = inbox_.has_error()      ? Step::error
                        : inbox_.take(message_) ? Step::item
                        : inbox_.over()         ? Step::over
                                                : Step::none;
            return step_ != Step::none;
        }
        Step await_resume() const noexcept { return step_; }

    private:
        Inbox& inbox_;
        M& message_;
        Step step_ = Step::none;
    };

    static std::optional<T> item_of(Message<T>& message) { return std::exchange(message, {}).item(); }
    template <class Other> static std::optional<T> item_of(Other& item) { return std::optional<T>(std::exchange(item, {})); }

    struct Body {
        Receiver* node;
        std::shared_ptr<Inbox> inbox;

        [[nodiscard]] std::string refuses_seek() const { return "native nodes keep what they have"; }
        struct Closing {
            explicit Closing(Inbox& of) noexcept : inbox(&of) {}
            Closing(Closing&& other) noexcept : inbox(std::exchange(other.inbox, nullptr)) {}
            ~Closing() {
                if (inbox)
                    inbox->close();
            }
            Inbox* inbox;
        };

        /// No coroutine itself: a stage that is ended before its first step has to wait for the native nodes, too.
        Process operator()(Output<T> out) {
            this_stage().on_end([node = node](EndReason reason) { node->over(reason); });
            inbox->open();
            return run(out, Closing(*inbox));
        }
        Process run(Output<T> out, Closing) {
            StageContext& context = this_stage();
            M message;
            for (bool at_rest = false;;) {
                const Step step = co_await ReceiveWait(context, *inbox, message);
                if (step == Step::over && at_rest)
                    co_return;
                at_rest = step == Step::over;
                if (at_rest) {
                    // Nothing is live; but nodes may still be at work on what they made of it.
                    co_await offload([&graph = node->graph_] { graph.wait(); });
                } else if (step == Step::error) {
                    if (std::exception_ptr error = inbox->group().take_error(detail::FlowSide::receiver))
                        context.report(std::move(error));
                } else {
                    std::optional<T> item = item_of(message);
                    if (item && !co_await out.put(std::move(*item)))
                        co_return;
                }
            }
        }
    };

    /// On an I/O thread, after the stage.
    void over(EndReason reason) noexcept {
        detail::FlowGroup& group = inbox_->group();
        const bool last = group.leave();
        if (group.has_senders()) {
            if (last)
                graph_.wait();
        } else if (reason == EndReason::failed || reason == EndReason::cancelled) {
            group.stop(); // its own sources; when those come to an end is the application's affair
        }
    }

    Graph& graph_;
    std::shared_ptr<Inbox> inbox_;
};

} // namespace weir::flow
