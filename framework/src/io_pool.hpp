#pragma once
// Threads that may block: for files, and for endpoints that can wait for ever.
#include <weir/framework/detail/job.hpp>
#include <weir/pools/detail/mutex.hpp>

#include <cstddef>
#include <thread>
#include <vector>

namespace weir::detail {

class EngineImpl;

/// A bounded number of threads, started when they are needed first and kept. Jobs, and the activations of stages that block,
/// run in the order they came. Light stages that a job tells something run on its thread after it (ADR 15).
class IoPool {
public:
    IoPool(EngineImpl& engine, std::size_t most_threads) noexcept : engine_(engine), most_(most_threads) {}
    ~IoPool();
    IoPool(const IoPool&) = delete;
    IoPool& operator=(const IoPool&) = delete;

    /// Does not allocate but for a new thread. Throws std::system_error if not even the first thread can be started. A thread
    /// of this pool that calls it may do the job itself: it must not wait for the job.
    void run(Job& job);
    /// The same, and the caller may wait for it if there is another thread.
    void post(Runnable& job);
    /// From now on neither throws. Throws std::system_error, std::bad_alloc.
    void start_first();
    /// Keeps a thread free for one more job at any time, or returns false if there are no more. `release` undoes it.
    [[nodiscard]] bool reserve();
    void release() noexcept;

    [[nodiscard]] std::size_t threads() const;
    [[nodiscard]] std::size_t most() const noexcept { return most_; }

private:
    void work();
    /// One more, unless there are as many as may be. Throws if it is the first and cannot be started.
    void start_thread() WEIR_REQUIRES(mutex_);
    [[nodiscard]] Runnable* next() noexcept WEIR_REQUIRES(mutex_);

    EngineImpl& engine_;
    const std::size_t most_;
    mutable Mutex mutex_;
    Condition wake_;
    IntrusiveList<Runnable> jobs_ WEIR_GUARDED_BY(mutex_);
    std::size_t queued_ WEIR_GUARDED_BY(mutex_) = 0;
    std::size_t idle_ WEIR_GUARDED_BY(mutex_) = 0;
    std::size_t reserved_ WEIR_GUARDED_BY(mutex_) = 0;
    bool stopping_ WEIR_GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_ WEIR_GUARDED_BY(mutex_);
};

} // namespace weir::detail
