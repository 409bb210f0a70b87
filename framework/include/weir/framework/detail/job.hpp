#pragma once
// Work of a stage on other threads.
#include <weir/framework/detail/stage_base.hpp>
#include <weir/pools/detail/intrusive_list.hpp>

#include <atomic>
#include <cstdint>

namespace weir::detail {

/// Where a job runs.
enum class JobPlace : std::uint8_t {
    io,       ///< an I/O thread: may block
    endpoint, ///< a thread of the stage's own, reserved at the start: may block for ever
    worker,   ///< a worker of the engine: may not block
};

/// What a thread does when its turn comes. In one queue at a time; may be gone when `run` returns.
class Runnable : public ListNode {
public:
    virtual void run() noexcept = 0;

protected:
    Runnable() = default;
    ~Runnable() = default;
};

/// A piece of work that a stage started. Its memory stays until `run` has returned: the stage is not ended before.
class Job : public Runnable {
public:
    StageBase* stage = nullptr; ///< set by `start_job`

protected:
    Job() = default;
    ~Job() = default;
};

/// Starts `job` for the stage whose body runs on this thread. Throws Error if the engine has no thread for it.
void start_job(Job& job, JobPlace place);
/// The last thing `run` does: counts the job as over and wakes the stage. The job may be gone when it returns.
void job_over(StageBase& stage) noexcept;

} // namespace weir::detail
