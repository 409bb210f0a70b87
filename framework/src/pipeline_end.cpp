// How a pipeline comes to its end: errors, stages that end, the last of them.
#include "joint.hpp"
#include "pipeline_impl.hpp"

#include <oneapi/tbb/flow_graph.h>

#include <memory>
#include <utility>

namespace weir::detail {

void PipelineImpl::fail(StageCore& stage, const std::exception_ptr& error) noexcept {
    try {
        try {
            std::rethrow_exception(error);
        } catch (const Deadlock& known) {
            add_error(known, true);
        } catch (...) {
            Error made(stage.name(), "", text_of(error), error);
            made.note_media_time(stage.media_time());
            add_error(std::move(made), false);
        }
    } catch (...) {
        // no memory even for the text: the cancel below still ends the pipeline
    }
    end_all(EndReason::failed);
    if (fails_parent_)
        parent_->fail(stage, error);
}

void PipelineImpl::add_error(Error error, bool deadlock) noexcept {
    const Lock lock(mutex_);
    if (error_) {
        error_->attach(std::move(error));
    } else {
        error_.emplace(std::move(error));
        deadlock_ = deadlock;
    }
}

EndReason PipelineImpl::end_reason() const {
    const Lock lock(mutex_);
    if (error_)
        return EndReason::failed;
    if (cancelled_.load())
        return EndReason::cancelled;
    return drained_.load() ? EndReason::drained : EndReason::finished;
}

namespace {

/// The calls a stage registered for its end, made on an I/O thread.
struct EndCalls final : Job {
    std::function<void()> calls;
    void run() noexcept override {
        const std::unique_ptr<EndCalls> self(this);
        calls();
    }
};

} // namespace

void PipelineImpl::run_call(const std::function<void(EndReason)>& call, StageCore& stage, EndReason reason) noexcept {
    try {
        call(reason);
    } catch (...) {
        fail(stage, std::current_exception());
    }
}

void PipelineImpl::stage_ended(StageCore& stage, std::vector<std::function<void(EndReason)>> calls, EndReason reason) noexcept {
    if (!joints_.empty()) {
        const Lock lock(topology_->mutex);
        for (const auto& joint : joints_)
            if (&joint->link().to().stage() == &stage)
                joint->ask_to_part(); // nobody reads there any more
    }
    if (calls.empty()) {
        stage.note_ended();
        count_down();
        return;
    }
    // A stage that ended by itself in a pipeline that was drained or failed ended for that reason.
    auto all = [this, &stage, calls = std::move(calls), reason] {
        EndReason now = end_reason();
        if (now == EndReason::finished || reason == EndReason::cancelled)
            now = reason;
        for (const auto& call : calls)
            run_call(call, stage, now);
        stage.note_ended();
        count_down();
    };
    try {
        auto job = std::make_unique<EndCalls>();
        job->calls = all;
        engine_->io().run(*job);
        static_cast<void>(job.release()); // it deletes itself
    } catch (...) {
        all(); // without a thread to spare: better here than not at all
    }
}

void PipelineImpl::count_down() noexcept {
    // Acquire and release: whoever counts to 0 sees what all stages did.
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1)
        engine_->control([this] { complete(); });
}

/// One more to wait for; false if all has ended.
bool PipelineImpl::hold() noexcept {
    std::size_t remaining = remaining_.load(std::memory_order_seq_cst);
    while (remaining > 0)
        if (remaining_.compare_exchange_weak(remaining, remaining + 1, std::memory_order_acq_rel))
            return true;
    return false;
}

void PipelineImpl::complete() noexcept {
    // On the control thread. The last body may still be returning through oneTBB. Isolated, or it would work for others here.
    engine_->arena().execute([this] { oneapi::tbb::this_task_arena::isolate([this] { graph_->wait_for_all(); }); });
    engine_->remove(*this);
    codec_share_.reset();
    release_endpoints();
    // Not when its stage ended: the others still had its frames, which count in the pools' maxima.
    for (StageEntry& stage : stages_)
        for (const auto& output : stage.ports.outputs())
            output->leave_pools();
    ended_at_.store(ledger_now());
    // A branch is alive to the end of this, and its pipeline until it is told.
    PipelineImpl* const parent = parent_;
    const std::shared_ptr<Pipeline> self = parent ? leave_parent() : nullptr;
    const EndReason reason = end_reason();
    if (parent && reason == EndReason::failed && !parent->stopping())
        log_failure();
    if (on_end_)
        try {
            on_end_(reason);
        } catch (const std::exception& error) {
            log(LogLevel::error, name_ + ": the completion callback threw: " + error.what());
        } catch (...) {
            log(LogLevel::error, name_ + ": the completion callback threw");
        }
    {
        const Lock lock(mutex_);
        phase_.store(Phase::over);
        done_ = true;
        ended_.notify_all(); // under the lock: the pipeline may be destroyed as soon as it is let go
    }
    if (parent)
        parent->count_down();
}

} // namespace weir::detail
