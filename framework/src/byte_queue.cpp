#include <weir/framework/detail/byte_queue.hpp>
#include <weir/framework/error.hpp>

#include <algorithm>
#include <stdexcept>
#include <stop_token>
#include <utility>

namespace weir::detail {

/// What a stop token calls: who waits looks at the limit again.
struct ByteQueueWake {
    ByteQueue& queue;
    void operator()() const noexcept { queue.wake(); }
};

namespace {

bool is_whole(EndReason reason) noexcept { return reason == EndReason::finished || reason == EndReason::drained; }

} // namespace

ByteQueue::ByteQueue(std::string name, std::size_t capacity, Application application)
    : name_(std::move(name)), capacity_(capacity), application_writes_(application == Application::writes),
      ring_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {
    if (capacity == 0)
        throw std::invalid_argument(name_ + ": a queue of no bytes would pass nothing");
}

std::size_t ByteQueue::size() const {
    const Lock lock(mutex_);
    return count_;
}

bool ByteQueue::closed() const {
    const Lock lock(mutex_);
    return closed_ || ended_;
}

std::optional<EndReason> ByteQueue::ended() const {
    const Lock lock(mutex_);
    return count_ == 0 ? ended_ : std::nullopt;
}

bool ByteQueue::ended_writing() const {
    const Lock lock(mutex_);
    return ended_.has_value();
}

std::exception_ptr ByteQueue::close_error() const {
    const Lock lock(mutex_);
    return close_error_;
}

void ByteQueue::wait(const IoLimit& limit) {
    if (limit.deadline == std::chrono::steady_clock::time_point::max())
        changed_.wait(mutex_);
    else
        changed_.wait_until(mutex_, limit.deadline);
}

void ByteQueue::wake() noexcept {
    const Lock lock(mutex_);
    changed_.notify_all();
}

std::size_t ByteQueue::put(std::span<const std::byte> bytes) noexcept {
    const std::size_t count = std::min(bytes.size(), capacity_ - count_);
    const std::size_t at = (first_ + count_) % capacity_;
    const std::size_t straight = std::min(count, capacity_ - at);
    std::copy_n(bytes.begin(), straight, ring_.get() + at);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(straight), count - straight, ring_.get());
    count_ += count;
    return count;
}

std::size_t ByteQueue::take(std::span<std::byte> into) noexcept {
    const std::size_t count = std::min(into.size(), count_);
    if (count == 0)
        return 0;
    const std::size_t straight = std::min(count, capacity_ - first_);
    std::copy_n(ring_.get() + first_, straight, into.begin());
    std::copy_n(ring_.get(), count - straight, into.begin() + static_cast<std::ptrdiff_t>(straight));
    first_ = (first_ + count) % capacity_;
    count_ -= count;
    return count;
}

std::size_t ByteQueue::write(std::span<const std::byte> bytes, const IoLimit& limit) {
    const std::stop_callback wake(limit.stop, ByteQueueWake{*this}); // made and ended outside the lock: it takes it
    std::size_t written = 0;
    while (written < bytes.size()) {
        Callback callback;
        {
            const Lock lock(mutex_);
            while (!closed_ && !ended_ && count_ == capacity_ && !limit.reached())
                wait(limit);
            if (closed_ || ended_ || count_ == capacity_)
                return written;
            written += put(bytes.subspan(written));
            callback = tell(true, false);
        }
        call(callback);
    }
    return written;
}

std::size_t ByteQueue::read(std::span<std::byte> into, const IoLimit& limit) {
    const std::stop_callback wake(limit.stop, ByteQueueWake{*this});
    Callback callback;
    std::size_t count = 0;
    {
        const Lock lock(mutex_);
        while (!closed_ && !ended_ && count_ == 0 && !limit.reached())
            wait(limit);
        count = take(into);
        if (count == 0 && error_ && !closed_)
            std::rethrow_exception(error_);
        if (count > 0)
            callback = tell(false, false);
    }
    call(callback);
    return count;
}

void ByteQueue::end(EndReason reason) noexcept {
    Callback callback;
    {
        const Lock lock(mutex_);
        if (ended_)
            return;
        ended_ = is_whole(reason) && lost_ ? EndReason::cancelled : reason;
        if (!is_whole(reason))
            count_ = 0;
        callback = tell(true, true);
    }
    call(callback);
}

void ByteQueue::fail(std::exception_ptr error) noexcept {
    Callback callback;
    {
        const Lock lock(mutex_);
        if (ended_)
            return;
        ended_ = EndReason::failed;
        error_ = std::move(error);
        callback = tell(true, true);
    }
    call(callback);
}

void ByteQueue::close(std::exception_ptr error) noexcept {
    Callback callback;
    std::unique_ptr<std::byte[]> ring; // freed outside the lock
    {
        const Lock lock(mutex_);
        if (std::exchange(closed_, true))
            return;
        close_error_ = std::move(error);
        lost_ = count_ > 0;
        count_ = 0;
        if (lost_ && ended_ && is_whole(*ended_))
            ended_ = EndReason::cancelled;
        ring = std::move(ring_);
        callback = tell(false, true);
    }
    call(callback);
}

void ByteQueue::on_change(std::function<void()> f) {
    auto call = f ? std::make_shared<const std::function<void()>>(std::move(f)) : nullptr;
    const Lock lock(mutex_);
    on_change_.swap(call);
}

ByteQueue::Callback ByteQueue::tell(bool by_writer, bool last) noexcept {
    changed_.notify_all(); // under the lock: the queue may go as soon as it is let go of
    if (by_writer == application_writes_)
        return nullptr; // it knows
    return last ? std::exchange(on_change_, nullptr) : on_change_;
}

void ByteQueue::call(const Callback& callback) noexcept {
    if (callback)
        try {
            (*callback)();
        } catch (...) {
            // a callback that throws: there is nobody to tell here
        }
}

IoLimit application_limit(std::chrono::nanoseconds timeout) {
    if (const StageBase* stage = current_stage())
        throw WrongThread("a call that waits was made from the body of stage '" + stage->name() + "'");
    constexpr std::chrono::nanoseconds longest = std::chrono::hours(24 * 365);
    return {{}, std::chrono::steady_clock::now() + std::min(timeout, longest)};
}

} // namespace weir::detail
