#pragma once
// What an engine's workers do next.
#include <weir/framework/detail/job.hpp>
#include <weir/pools/detail/mutex.hpp>

#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <cstddef>

namespace weir::detail {

/// First in, first out: the activations of stages, and jobs for workers. As many oneTBB tasks as there are workers serve it
/// while there is something in it (ADR 16).
class RunQueue {
public:
    RunQueue(oneapi::tbb::task_arena& arena, unsigned workers) noexcept : arena_(arena), workers_(workers) {}
    /// Waits until the last worker has left it. Nothing may be in it.
    ~RunQueue();
    RunQueue(const RunQueue&) = delete;
    RunQueue& operator=(const RunQueue&) = delete;

    /// Thread-safe. Allocates (oneTBB's memory) only where a worker is free and has to be woken.
    void post(Runnable& what) noexcept;
    /// One more (or less, -1) native graph has its nodes on the same workers: they are let go more often.
    void share(int graphs) noexcept { graphs_.fetch_add(graphs, std::memory_order_relaxed); }

private:
    void wake() noexcept;
    void serve() noexcept;
    [[nodiscard]] Runnable* next() noexcept;

    oneapi::tbb::task_arena& arena_;
    const std::size_t workers_;
    std::atomic<int> graphs_{0}; ///< relaxed: a hint
    Mutex mutex_;
    Condition left_;
    IntrusiveList<Runnable> waiting_ WEIR_GUARDED_BY(mutex_);
    std::size_t serving_ WEIR_GUARDED_BY(mutex_) = 0; ///< tasks that were posted and have not found it empty yet
};

} // namespace weir::detail
