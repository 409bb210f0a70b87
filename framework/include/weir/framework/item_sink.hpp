#pragma once
// The application's end of a pipeline: what reaches a stage is pulled by it.
#include <weir/framework/detail/app_queue.hpp>
#include <weir/framework/shapes.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir {

/// Keeps what reaches the stage `stage()` until a thread of the application pulls it. Bounded: while `capacity()` items wait,
/// the stage takes no more, and the pipeline waits behind it (or give its link LinkOptions::latest()). A handle: copies are the
/// same sink. Thread-safe; may outlive the pipeline.
template <Item T> class ItemSink {
public:
    /// Throws std::invalid_argument if the capacity is 0. `name` is shown where the pipeline waits for the application,
    /// and in the ledger for frames that wait here or that the application keeps.
    explicit ItemSink(const std::string& name = "sink", std::size_t capacity = default_capacity<T>)
        : queue_(std::make_shared<detail::AppQueue<T>>("room in " + name, capacity, "application (" + name + ")")) {}

    /// The stage, to be added to one pipeline. At the end of the stream what is inside can still be pulled; if the pipeline is
    /// cancelled or fails it is freed, and when somebody seeks, too.
    [[nodiscard]] auto stage() const { return detail::Shape<Body>{{queue_}, "sink", {.at_once = queue_->capacity() + 1}}; }

    /// Never waits; empty if there is nothing now.
    [[nodiscard]] std::optional<T> try_pull() { return queue_->app_take({}); }
    /// Blocks the calling thread until there is an item, at most so long. Empty when the time is over or the stream: `ended()`
    /// tells. Throws WrongThread if it would wait in a stage's body.
    [[nodiscard]] std::optional<T> pull(std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max()) {
        return queue_->app_take(detail::in(timeout));
    }
    /// Nothing is inside and nothing will come.
    [[nodiscard]] bool ended() const { return queue_->closed() && queue_->size() == 0; }
    /// The application wants no more: the stage ends.
    void close() noexcept {
        queue_->shut();
        queue_->clear();
    }
    /// Calls `f` whenever an item has come, and at the end: on a worker, so it has to be short and must not wait.
    void on_item(std::function<void()> f) { queue_->on_change(std::move(f)); }

    [[nodiscard]] std::size_t size() const { return queue_->size(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return queue_->capacity(); }

private:
    using Queue = detail::AppQueue<T>;
    struct Closing {
        std::shared_ptr<Queue> queue;
        StageContext* context;
        bool whole = false; ///< all of the stream is in the queue
        explicit Closing(std::shared_ptr<Queue> of) : queue(std::move(of)), context(&this_stage()) {}
        Closing(Closing&&) noexcept = default;
        ~Closing() {
            if (!queue || context->seeking())
                return;
            if (whole)
                queue->close();
            else
                queue->discard();
        }
    };
    struct Body {
        std::shared_ptr<Queue> queue;
        void seek(const Position&) {
            queue->clear();
            queue->reopen();
        }
        [[nodiscard]] std::string refuses_again() const { return "its ItemSink has ended: make another"; }
        Process operator()(Input<T> in) { return run(std::move(in), Closing{queue}); }
        // `closing` is the coroutine's from the moment it is made, also if it is ended before its first step.
        static Process run(Input<T> in, Closing closing) {
            while (std::optional<T> item = co_await in.next())
                if (!co_await detail::AppPutWait<T>(this_stage(), *closing.queue, std::move(*item)))
                    co_return;
            closing.whole = true;
        }
    };
    std::shared_ptr<Queue> queue_;
};

using FrameSink = ItemSink<PooledFrame>;
using SampleSink = ItemSink<PooledSamples>;
using PacketSink = ItemSink<Packet>;

} // namespace weir
