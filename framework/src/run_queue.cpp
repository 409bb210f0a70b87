#include "run_queue.hpp"

#include <weir/pools/ledger.hpp>

namespace weir::detail {
namespace {

/// After so long a worker lets oneTBB decide where it is needed: an application's own tasks, another engine.
constexpr std::int64_t turn_ns = 10'000'000;
constexpr int between_looks = 16; ///< at the clock
/// The same where native nodes wait for the same workers.
constexpr std::int64_t shared_turn_ns = 1'000'000;

} // namespace

RunQueue::~RunQueue() {
    Lock lock(mutex_);
    while (serving_ > 0)
        left_.wait(mutex_);
}

void RunQueue::post(Runnable& what) noexcept {
    {
        const Lock lock(mutex_);
        waiting_.push_back(what);
        if (serving_ == workers_)
            return; // one of them takes it before it leaves
        ++serving_;
    }
    wake();
}

/// oneTBB's own first-in-first-out queue: only it wakes a worker for sure.
void RunQueue::wake() noexcept {
    arena_.enqueue([this] { serve(); });
}

Runnable* RunQueue::next() noexcept {
    const Lock lock(mutex_);
    Runnable* const first = waiting_.pop_front();
    if (!first && --serving_ == 0)
        left_.notify_all(); // under the lock: the queue may be gone as soon as it is let go
    return first;
}

void RunQueue::serve() noexcept {
    const std::int64_t began = ledger_now();
    for (int count = 1; Runnable* const what = next(); ++count) {
        what->run();
        const bool shared = graphs_.load(std::memory_order_relaxed) > 0;
        if ((shared || count % between_looks == 0) && ledger_now() - began > (shared ? shared_turn_ns : turn_ns)) {
            wake(); // in its own place
            return;
        }
    }
}

} // namespace weir::detail
