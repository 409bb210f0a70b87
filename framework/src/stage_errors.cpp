// What a core does with an error that left its coroutine, or that its stage reports: by the stage's policy.
#include "pipeline_impl.hpp"
#include "stage_core.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace weir::detail {
namespace {

constexpr std::chrono::nanoseconds longest_back_off = std::chrono::minutes(1);

/// The end of a stage that is made anew: what it registered for its end.
struct RestartCalls final : Job {
    std::vector<std::function<void(EndReason)>> calls;
    PipelineImpl* pipeline = nullptr;
    EndReason reason = EndReason::failed;
    void run() noexcept override {
        const std::unique_ptr<RestartCalls> self(this);
        auto& core = static_cast<StageCore&>(*stage);
        for (const auto& call : calls)
            pipeline->run_call(call, core, reason);
        calls.clear();
        job_over(core);
    }
};

void add_one(std::atomic<std::uint64_t>& count) noexcept { count.fetch_add(1, std::memory_order_relaxed); }

} // namespace

std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const Error& known) {
        return known.message();
    } catch (const std::bad_alloc&) {
        return "out of memory";
    } catch (const std::exception& known) {
        return known.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

void StageCore::report(std::exception_ptr error) {
    if (on_error_.kind != ErrorPolicy::Kind::skip)
        std::rethrow_exception(std::move(error));
    add_one(errors_);
    warn("skip", "skipped: " + text_of(error));
}

void StageCore::handle_error() noexcept {
    if (!error_)
        return;
    const bool ending = ending_.load(std::memory_order_seq_cst) >= 0;
    try {
        switch (on_error_.kind) {
        case ErrorPolicy::Kind::fail:
        case ErrorPolicy::Kind::skip: break; // what leaves a coroutine is never a skip
        case ErrorPolicy::Kind::restart:
            if (!ending) {
                begin_restart();
                break;
            }
            [[fallthrough]]; // it would not be made anew, and need not
        case ErrorPolicy::Kind::detach:
            warn("",
                 (ending ? "failed while it was ended: " : "failed, and the pipeline goes on without it: ") + text_of(error_));
            add_one(errors_);
            error_ = nullptr;
            break;
        }
    } catch (...) {
        return; // no memory for a word about it: the error stays and ends the pipeline
    }
}

void StageCore::begin_restart() {
    const std::uint64_t number = restarts() + 1;
    if (number > on_error_.restarts)
        return;
    prepare_timer();
    std::chrono::nanoseconds wait = on_error_.back_off;
    for (std::uint64_t n = 1; n < number && wait < longest_back_off; ++n)
        wait *= 2;
    wait = std::min(wait, longest_back_off);
    warn("", "failed: " + text_of(error_) + "; restart " + std::to_string(number) + " of " +
                 std::to_string(on_error_.restarts) + " in " +
                 std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(wait).count()) + " ms");
    start_calls(EndReason::failed);
    restart_at_ = clock().now() + std::chrono::duration_cast<Clock::Time::duration>(wait);
    add_one(errors_);
    add_one(restarts_);
    error_ = nullptr;
    restarting_ = true;
}

void StageCore::start_calls(EndReason reason) {
    if (on_end_.empty())
        return;
    auto job = std::make_unique<RestartCalls>();
    job->calls = std::move(on_end_);
    job->pipeline = &pipeline_;
    job->reason = reason;
    job->stage = this;
    try {
        pipeline_.start_job(*this, *job, JobPlace::io);
    } catch (...) {
        on_end_ = std::move(job->calls);
        throw;
    }
    static_cast<void>(job.release()); // it deletes itself
    on_end_.clear();
}

bool StageCore::ready_to_restart() noexcept {
    if (clock().now() < restart_at_) {
        wake_at(restart_at_);
        if (clock().now() < restart_at_)
            return false;
    }
    restarting_ = over_ = started_ = false;
    served_last = static_cast<std::size_t>(-1);
    return true;
}

} // namespace weir::detail
