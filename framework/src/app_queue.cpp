#include <weir/framework/detail/app_queue.hpp>

#include <stdexcept>

namespace weir::detail {

AppQueueBase::AppQueueBase(std::string name, std::size_t capacity) : name_(std::move(name)), capacity_(capacity) {
    if (capacity == 0)
        throw std::invalid_argument(name_ + ": a queue of no items would pass nothing");
}

std::size_t AppQueueBase::size() const {
    const Lock lock(mutex_);
    return count_;
}

bool AppQueueBase::closed() const {
    const Lock lock(mutex_);
    return closed_;
}

void AppQueueBase::close() noexcept {
    Callback callback;
    {
        const Lock lock(mutex_);
        closed_ = true;
        tell_stage();
        callback = tell_application();
    }
    call(callback);
}

void AppQueueBase::reopen() noexcept {
    Callback callback;
    {
        const Lock lock(mutex_);
        closed_ = shut_;
        callback = tell_application(); // there is room again
    }
    call(callback);
}

void AppQueueBase::shut() noexcept {
    {
        const Lock lock(mutex_);
        shut_ = true;
    }
    close();
}

void AppQueueBase::on_seek(std::function<void(const Position&)> f) {
    auto call = f ? std::make_shared<const std::function<void(const Position&)>>(std::move(f)) : nullptr;
    const Lock lock(mutex_);
    on_seek_.swap(call);
}

bool AppQueueBase::can_seek() const {
    const Lock lock(mutex_);
    return on_seek_ != nullptr;
}

void AppQueueBase::tell_seek(const Position& to) {
    std::shared_ptr<const std::function<void(const Position&)>> call;
    {
        const Lock lock(mutex_);
        call = on_seek_;
    }
    if (call)
        (*call)(to);
}

void AppQueueBase::on_change(std::function<void()> f) {
    auto call = f ? std::make_shared<const std::function<void()>>(std::move(f)) : nullptr;
    const Lock lock(mutex_);
    on_change_.swap(call);
}

void AppQueueBase::attach(StageBase& stage) noexcept {
    const Lock lock(mutex_);
    stage_ = &stage;
}

void AppQueueBase::detach() noexcept {
    const Lock lock(mutex_);
    stage_ = nullptr;
}

void AppQueueBase::require_no_stage() {
    if (const StageBase* stage = current_stage())
        throw WrongThread("a call that waits was made from the body of stage '" + stage->name() + "'");
}

void AppQueueBase::tell_stage() noexcept {
    if (stage_)
        stage_->signal();
}

AppQueueBase::Callback AppQueueBase::tell_application() noexcept {
    changed_.notify_all(); // under the lock: the queue may go as soon as it is let go of
    return on_change_;
}

void AppQueueBase::call(const Callback& callback) noexcept {
    if (callback)
        try {
            (*callback)();
        } catch (...) {
            // a callback that throws: there is nobody to tell here
        }
}

} // namespace weir::detail
