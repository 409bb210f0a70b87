#include "io_pool.hpp"

#include "stage_core.hpp"

#include <system_error>
#include <utility>

namespace weir::detail {
namespace {

/// A thread of a pool, and the first job that a stage started from it.
struct Worker {
    const IoPool* pool = nullptr;
    Job* own = nullptr;
};
thread_local Worker worker;

} // namespace

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
    if (worker.pool == this && !worker.own) {
        worker.own = &job; // this thread is about to look for one: no need to wake another
        return;
    }
    post(job);
}

void IoPool::post(Runnable& job) {
    {
        const Lock lock(mutex_);
        if (queued_ >= idle_)
            start_thread();
        jobs_.push_back(job);
        ++queued_;
    }
    wake_.notify_one();
}

void IoPool::start_thread() {
    if (threads_.size() == most_)
        return;
    try {
        threads_.emplace_back([this] { work(); });
    } catch (const std::exception&) {
        if (threads_.empty())
            throw; // else those there are do it, later
    }
}

void IoPool::start_first() {
    const Lock lock(mutex_);
    if (threads_.empty())
        start_thread();
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

/// Takes the oldest. One's own goes to the end of the line if there is one: stages that start their next job after each would
/// keep the thread for ever.
Runnable* IoPool::next() noexcept {
    Job* const own = std::exchange(worker.own, nullptr);
    if (jobs_.empty())
        return own;
    if (own)
        jobs_.push_back(*own);
    else
        --queued_;
    return jobs_.pop_front();
}

void IoPool::work() {
    worker.pool = this;
    Lock lock(mutex_);
    for (;;) {
        if (Runnable* const job = next()) {
            lock.unlock();
            run_with_followers(engine_, *job);
            lock.lock();
            continue;
        }
        if (stopping_)
            return;
        ++idle_;
        wake_.wait(mutex_);
        --idle_;
    }
}

} // namespace weir::detail
