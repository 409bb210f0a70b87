#pragma once
// What looks into a pipeline from a test of one of its stages.
#include <weir/framework/detail/job.hpp>

namespace weir::detail {

class StageCore;
class OutputBase;

/// Called by the cores of the pipeline it was given to, on their threads. There is none outside tests.
class Probe {
public:
    Probe() = default;
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    virtual ~Probe() = default;

    /// An activation begins.
    virtual void activated(StageCore& core) noexcept = 0;
    /// A core has gone to rest, or has ended: from here on another thread may run it.
    virtual void rested() noexcept = 0;
    /// A frame or samples are about to be taken from a pool. What this throws is thrown there.
    virtual void acquires(const StageCore& core) = 0;
    /// A job is about to be started. What this throws is thrown there.
    virtual void starts_job(const StageCore& core) = 0;
};

} // namespace weir::detail
