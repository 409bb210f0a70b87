#pragma once
// The application's end of a pipeline: what it pushes comes out of a stage.
#include <weir/framework/detail/app_queue.hpp>
#include <weir/framework/shapes.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace weir {

enum class Pushed : std::uint8_t {
    yes,
    full,   ///< not now: the pipeline has not taken enough of the earlier ones
    closed, ///< never again: the application ended the stream, or the pipeline is over
};

/// Takes items from any thread of the application and gives them to the stage `stage()`, in the order they came. Bounded:
/// what the pipeline has not taken yet shows as `size()` of `capacity()`. A handle: copies are the same source. Thread-safe;
/// may outlive the pipeline.
template <Item T> class ItemSource {
public:
    /// Throws std::invalid_argument if the capacity is 0. `name` is shown where the pipeline waits for the application.
    explicit ItemSource(std::string name = "source", std::size_t capacity = default_capacity<T>)
        : queue_(std::make_shared<detail::AppQueue<T>>("items pushed to " + std::move(name), capacity)) {}

    /// The stage, to be added to one pipeline: `pipeline.add("camera", camera.stage())`. When it ends, what it has not taken is
    /// freed and pushes give `closed`.
    [[nodiscard]] auto stage() const { return detail::Shape<Body>{{queue_}, "source", {}}; }

    /// Never waits. Takes the item only if it returns `yes`. Does not allocate.
    [[nodiscard]] Pushed try_push(T& item) { return result(queue_->app_put(item, {})); }
    /// Blocks the calling thread until there is room, at most so long. Throws WrongThread if it would wait in a stage's body.
    [[nodiscard]] Pushed push(T item, std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max()) {
        return result(queue_->app_put(item, detail::in(timeout)));
    }
    /// The stream ends after what was pushed.
    void end() noexcept { queue_->close(); }
    /// Makes the source one that can seek: calls `f` when somebody seeks, on that thread, after what was pushed has been freed.
    /// From then on the application pushes what comes at that place, also if it had ended the stream. `f` must not
    /// wait for room: the pipeline rests until it returns. What it throws ends the pipeline.
    void on_seek(std::function<void(const Position&)> f) { queue_->on_seek(std::move(f)); }
    /// Calls `f` whenever there may be room again, and when the stage ends: on a worker, so it has to be short and must not
    /// wait.
    void on_room(std::function<void()> f) { queue_->on_change(std::move(f)); }

    [[nodiscard]] std::size_t size() const { return queue_->size(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return queue_->capacity(); }
    [[nodiscard]] bool closed() const { return queue_->closed(); }

private:
    using Queue = detail::AppQueue<T>;
    struct Closing {
        std::shared_ptr<Queue> queue;
        StageContext* context;
        explicit Closing(std::shared_ptr<Queue> of) : queue(std::move(of)), context(&this_stage()) {}
        Closing(Closing&&) noexcept = default;
        ~Closing() {
            if (queue && !context->seeking())
                queue->discard();
        }
    };
    struct Body {
        std::shared_ptr<Queue> queue;
        [[nodiscard]] std::string refuses_seek() const {
            return queue->can_seek() ? "" : "the application that pushes its items cannot seek (ItemSource::on_seek)";
        }
        void seek(const Position& to) {
            queue->clear();
            queue->reopen();
            queue->tell_seek(to);
        }
        [[nodiscard]] std::string refuses_again() const { return "its ItemSource has ended: make another"; }
        Process operator()(Output<T> out) { return run(std::move(out), Closing{queue}); }
        // `closing` is the coroutine's from the moment it is made, also if it is ended before its first step.
        static Process run(Output<T> out, Closing closing) {
            for (;;) {
                std::optional<T> item = co_await detail::AppTakeWait<T>(this_stage(), *closing.queue);
                if (!item || !co_await out.put(std::move(*item)))
                    co_return;
            }
        }
    };
    static Pushed result(typename Queue::Put put) noexcept {
        return put == Queue::Put::done ? Pushed::yes : put == Queue::Put::full ? Pushed::full : Pushed::closed;
    }
    std::shared_ptr<Queue> queue_;
};

using FrameSource = ItemSource<PooledFrame>;
using SampleSource = ItemSource<PooledSamples>;
using PacketSource = ItemSource<Packet>;

} // namespace weir
