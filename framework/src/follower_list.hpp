#pragma once
// The activations that come next on a thread.
#include "engine_impl.hpp"
#include "pipeline_impl.hpp"
#include "stage_core.hpp"

#include <cstdint>
#include <utility>

namespace weir::detail {

/// What light stages, and the ends of jobs on I/O threads, posted to light stages, instead of waking a worker for it (ADR 9,
/// 15).
class FollowerList {
public:
    /// While it lives and is open, stages of that engine may follow on this thread; then they run.
    FollowerList(const EngineImpl& engine, bool open) noexcept
        : engine_(engine), outer_(std::exchange(here, this)), open_(open) {}
    ~FollowerList() {
        while (Runnable* const next = list_.pop_front())
            static_cast<StageCore*>(next)->activate();
        here = outer_;
    }
    FollowerList(const FollowerList&) = delete;
    FollowerList& operator=(const FollowerList&) = delete;

    /// `from`: whose body runs on this thread, or null. False if `stage` has to go to the back of its queue.
    [[nodiscard]] static bool take(StageCore& stage, const StageCore* from) noexcept {
        if (!here || !here->open_ || here->now_ - here->began_ > share || &here->engine_ != &stage.pipeline_.engine() ||
            !stage.light() || (from && !from->light()))
            return false;
        here->list_.push_back(stage);
        return true;
    }

    /// A job has no more to do here than to tell its stage. Before that it may yet wait for those it tells.
    static void open() noexcept {
        if (here)
            here->open_ = true;
    }

    /// The time at which an activation begins on this thread.
    [[nodiscard]] static std::int64_t begin() noexcept {
        if (!here)
            return ledger_now();
        if (!std::exchange(here->rested_, false))
            here->now_ = ledger_now();
        if (here->began_ == 0)
            here->began_ = here->now_;
        return here->now_;
    }
    static void rest(std::int64_t now) noexcept {
        if (!here)
            return;
        here->now_ = now;
        here->rested_ = true;
    }

private:
    static constexpr std::int64_t share = 250'000; ///< nanoseconds; then other pipelines' come, and other workers help
    static inline thread_local FollowerList* here = nullptr;

    const EngineImpl& engine_;
    FollowerList* outer_;
    IntrusiveList<Runnable> list_;
    bool open_;
    std::int64_t began_ = 0; ///< by ledger_now(), as the others
    std::int64_t now_ = 0;   ///< when the latest activation began or rested
    bool rested_ = false;    ///< just then, so that is when the next one begins: no look at the clock
};

} // namespace weir::detail
