#pragma once
// A bounded queue between a stage and threads of the application: the stage awaits, the application's threads block or look.
#include <weir/framework/detail/item_traits.hpp>
#include <weir/framework/error.hpp>
#include <weir/framework/stage_context.hpp>
#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/ledger.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::detail {

/// Now and so long; a time that is longer than anybody waits is cut.
[[nodiscard]] inline std::chrono::steady_clock::time_point in(std::chrono::nanoseconds timeout) noexcept {
    return std::chrono::steady_clock::now() + std::min<std::chrono::nanoseconds>(timeout, std::chrono::hours(24 * 365));
}

/// Without the item's type: who waits, who is told. One stage at one end, any number of the application's threads at the other.
class AppQueueBase {
public:
    AppQueueBase(const AppQueueBase&) = delete;
    AppQueueBase& operator=(const AppQueueBase&) = delete;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::size_t size() const WEIR_EXCLUDES(mutex_);
    [[nodiscard]] bool closed() const WEIR_EXCLUDES(mutex_);
    /// Nothing is put any more: by the end that puts, when it is done, or by the other, which reads no more.
    void close() noexcept WEIR_EXCLUDES(mutex_);
    /// After a seek, and `clear`: open again, unless it was shut.
    void reopen() noexcept WEIR_EXCLUDES(mutex_);
    /// It stays closed, whatever comes.
    void shut() noexcept WEIR_EXCLUDES(mutex_);
    /// Called when somebody seeks, on that thread, outside the lock. Replaces the one before.
    void on_seek(std::function<void(const Position&)> f) WEIR_EXCLUDES(mutex_);
    [[nodiscard]] bool can_seek() const WEIR_EXCLUDES(mutex_);
    void tell_seek(const Position& to) WEIR_EXCLUDES(mutex_);
    /// Called, outside the lock, after each change that the application may wait for. Replaces the one before.
    void on_change(std::function<void()> f) WEIR_EXCLUDES(mutex_);

    // The stage's, for its wait. Once attached, its changes are told with `signal`.
    void attach(StageBase& stage) noexcept WEIR_EXCLUDES(mutex_);
    void detach() noexcept WEIR_EXCLUDES(mutex_);

protected:
    AppQueueBase(std::string name, std::size_t capacity);
    ~AppQueueBase() = default;
    /// The application's: until `done()`, called with the lock, or the time is over. Throws WrongThread in a stage's body.
    template <class F> bool wait_until(std::chrono::steady_clock::time_point until, F done) WEIR_REQUIRES(mutex_) {
        require_no_stage();
        while (!done())
            if (changed_.wait_until(mutex_, until) == std::cv_status::timeout)
                return done();
        return true;
    }
    static void require_no_stage();
    void tell_stage() noexcept WEIR_REQUIRES(mutex_);
    using Callback = std::shared_ptr<const std::function<void()>>;
    /// Tells the application's threads. What it returns is to be called outside the lock.
    [[nodiscard]] Callback tell_application() noexcept WEIR_REQUIRES(mutex_);
    static void call(const Callback& callback) noexcept;

    mutable Mutex mutex_;
    Condition changed_;
    std::size_t count_ WEIR_GUARDED_BY(mutex_) = 0;
    bool closed_ WEIR_GUARDED_BY(mutex_) = false;
    bool shut_ WEIR_GUARDED_BY(mutex_) = false;

private:
    const std::string name_;
    const std::size_t capacity_;
    StageBase* stage_ WEIR_GUARDED_BY(mutex_) = nullptr;
    Callback on_change_ WEIR_GUARDED_BY(mutex_);
    std::shared_ptr<const std::function<void(const Position&)>> on_seek_ WEIR_GUARDED_BY(mutex_);
};

template <class T> class AppQueue final : public AppQueueBase {
public:
    /// `holder`: as the ledger calls what the stage has put here, and the application takes; empty if it puts nothing.
    AppQueue(std::string name, std::size_t capacity, const std::string& holder = {})
        : AppQueueBase(std::move(name), capacity), ring_(capacity) {
        if (!holder.empty())
            holder_.emplace(holder);
    }

    enum class Put : std::uint8_t { done, full, closed };

    // The stage's: neither blocks.
    Put stage_put(T& item, std::int64_t now) noexcept WEIR_EXCLUDES(mutex_) {
        Callback callback;
        Put result = Put::full;
        {
            const Lock lock(mutex_);
            result = put(item);
            if (result == Put::done) {
                // Not the stage's any more: it may wait for others, and this for the application.
                if (holder_)
                    pass_to(*ring_[(first_ + count_ - 1) % ring_.size()], holder_->id(), now);
                callback = tell_application();
            }
        }
        call(callback);
        return result;
    }
    /// `ended`: nothing will come any more.
    [[nodiscard]] std::optional<T> stage_take(bool& ended) noexcept WEIR_EXCLUDES(mutex_) {
        Callback callback;
        std::optional<T> item;
        {
            const Lock lock(mutex_);
            item = take();
            ended = !item && closed_;
            if (item)
                callback = tell_application();
        }
        call(callback);
        return item;
    }

    // The application's.
    Put app_put(T& item, std::chrono::steady_clock::time_point until) WEIR_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        if (count_ == ring_.size() && !closed_ && until != std::chrono::steady_clock::time_point{})
            wait_until(until, [this]() WEIR_REQUIRES(mutex_) { return closed_ || count_ < ring_.size(); });
        const Put result = put(item);
        if (result == Put::done)
            tell_stage();
        return result;
    }
    [[nodiscard]] std::optional<T> app_take(std::chrono::steady_clock::time_point until) WEIR_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        if (count_ == 0 && !closed_ && until != std::chrono::steady_clock::time_point{})
            wait_until(until, [this]() WEIR_REQUIRES(mutex_) { return closed_ || count_ > 0; });
        auto item = take();
        if (item)
            tell_stage();
        return item;
    }
    /// Closes and frees what is inside; how many that were.
    std::size_t discard() noexcept WEIR_EXCLUDES(mutex_) {
        close();
        return clear();
    }
    /// Frees what is inside; how many that were.
    std::size_t clear() noexcept WEIR_EXCLUDES(mutex_) {
        for (std::size_t discarded = 0;; ++discarded) {
            std::optional<T> item; // freed outside the lock
            const Lock lock(mutex_);
            if (item = take(); !item)
                return discarded;
        }
    }

private:
    Put put(T& item) noexcept WEIR_REQUIRES(mutex_) {
        if (closed_)
            return Put::closed;
        if (count_ == ring_.size())
            return Put::full;
        ring_[(first_ + count_++) % ring_.size()].emplace(std::move(item));
        return Put::done;
    }
    std::optional<T> take() noexcept WEIR_REQUIRES(mutex_) {
        if (count_ == 0)
            return std::nullopt;
        std::optional<T> item = std::exchange(ring_[first_], std::nullopt);
        first_ = (first_ + 1) % ring_.size();
        --count_;
        return item;
    }

    std::optional<Holder> holder_;
    std::vector<std::optional<T>> ring_ WEIR_GUARDED_BY(mutex_);
    std::size_t first_ WEIR_GUARDED_BY(mutex_) = 0;
};

/// The stage waits for the application; `ready()` is the derived class's.
class AppWait : public Wait {
public:
    void publish() noexcept final {
        stage_.waits_for(&queue_.name());
        queue_.attach(stage_);
    }
    void unpublish() noexcept final { queue_.detach(); }

protected:
    AppWait(StageContext& context, AppQueueBase& queue) noexcept
        : Wait(context.base(), WaitKind::event, nullptr), queue_(queue) {}
    ~AppWait() { queue_.detach(); }

private:
    AppQueueBase& queue_;
};

template <class T> class AppTakeWait final : public AppWait {
public:
    AppTakeWait(StageContext& context, AppQueue<T>& queue) noexcept : AppWait(context, queue), queue_(queue) {}
    bool ready() noexcept override { return ended_ || item_ || (item_ = queue_.stage_take(ended_)) || ended_; }
    std::optional<T> await_resume() noexcept { return std::move(item_); }

private:
    AppQueue<T>& queue_;
    std::optional<T> item_;
    bool ended_ = false;
};

template <class T> class AppPutWait final : public AppWait {
public:
    AppPutWait(StageContext& context, AppQueue<T>& queue, T item) noexcept
        : AppWait(context, queue), queue_(queue), item_(std::move(item)) {}
    bool ready() noexcept override {
        result_ = result_ == AppQueue<T>::Put::full ? queue_.stage_put(item_, stage_.now()) : result_;
        return result_ != AppQueue<T>::Put::full;
    }
    bool await_resume() const noexcept { return result_ == AppQueue<T>::Put::done; }

private:
    AppQueue<T>& queue_;
    T item_;
    typename AppQueue<T>::Put result_ = AppQueue<T>::Put::full;
};

} // namespace weir::detail
