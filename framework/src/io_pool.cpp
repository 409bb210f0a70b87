#include "io_pool.hpp"

#include <system_error>

namespace weir::detail {

IoPool::~IoPool() {
    std::vector<std::thread> threads;
    {
        const Lock lock(mutex_);
        stopping_ = true;
        threads.swap(threads_);
    }
    wake_.notify_all();
    for (std::thread& thread : threads)
        thread.join();
}

void IoPool::run(Job& job) {
    {
        const Lock lock(mutex_);
        if (queued_ >= idle_ && threads_.size() < most_) {
            try {
                threads_.emplace_back([this] { work(); });
            } catch (const std::exception&) {
                if (threads_.empty())
                    throw; // else those there are do it, later
            }
        }
        jobs_.push_back(job);
        ++queued_;
    }
    wake_.notify_one();
}

bool IoPool::reserve() {
    const Lock lock(mutex_);
    if (reserved_ >= most_)
        return false;
    ++reserved_;
    return true;
}

void IoPool::release() noexcept {
    const Lock lock(mutex_);
    --reserved_;
}

std::size_t IoPool::threads() const {
    const Lock lock(mutex_);
    return threads_.size();
}

void IoPool::work() {
    Lock lock(mutex_);
    for (;;) {
        while (jobs_.empty()) {
            if (stopping_)
                return;
            ++idle_;
            wake_.wait(mutex_);
            --idle_;
        }
        Job* job = jobs_.pop_front();
        --queued_;
        lock.unlock();
        job->run(); // gone when this returns
        lock.lock();
    }
}

} // namespace weir::detail
