#include "pipeline_impl.hpp"

#include "joint.hpp"

#include <oneapi/tbb/flow_graph.h>

#include <algorithm>
#include <utility>

namespace weir::detail {

PipelineImpl::PipelineImpl(std::shared_ptr<EngineImpl> engine, std::string name)
    : engine_(std::move(engine)), name_(std::move(name)), topology_(std::make_shared<Topology>()) {}

PipelineImpl::PipelineImpl(PipelineImpl& parent, std::string name, bool fails_parent)
    : engine_(parent.engine_), name_(std::move(name)), parent_(&parent), fails_parent_(fails_parent),
      topology_(parent.topology_) {}

PipelineImpl::~PipelineImpl() {
    if (phase_.load() == Phase::running)
        cancel();
    if (phase_.load() != Phase::building && phase_.load() != Phase::prepared) {
        // One that is over, too: who says so may be about to wake those who wait.
        const Lock lock(mutex_);
        wait_for_end();
    }
    destroy_cores();
    release_endpoints(); // of a pipeline that was prepared and not run
    joints_.clear();
    connections_.clear(); // links before the ports they lead to
}

/// Nodes before their graph: those of a core that was not finished, too.
void PipelineImpl::destroy_cores() noexcept {
    for (StageEntry& stage : stages_) {
        stage.core.reset();
        for (const auto& input : stage.ports.inputs()) {
            input->node_.reset();
            input->gap_targets.clear();
        }
        for (const auto& output : stage.ports.outputs())
            output->node_.reset();
    }
    graph_.reset();
}

std::size_t PipelineImpl::add(std::string name, std::unique_ptr<StageDefinition> definition, StageOptions options) {
    if (phase_.load() != Phase::building)
        throw GraphError("stages are added before the pipeline is prepared");
    if (name.empty())
        throw GraphError("a stage needs a name");
    for (const StageEntry& stage : stages_)
        if (stage.name == name)
            throw GraphError("there are two stages named '" + name + "'");
    StageEntry& entry = stages_.emplace_back();
    entry.name = std::move(name);
    entry.definition = std::move(definition);
    entry.options = options;
    return stages_.size() - 1;
}

PortRef PipelineImpl::connect(const PortRef& from, const PortRef& to, const LinkOptions& options) {
    if (phase_.load() != Phase::building)
        throw GraphError("stages are connected before the pipeline is prepared");
    if (to.pipeline == this && from.pipeline == parent_ && parent_) {
        joints_.push_back(std::make_unique<Joint>(*this, from, to, options, connections_.size()));
        return to;
    }
    if (from.pipeline != this || to.pipeline != this)
        throw GraphError("the two stages belong to different pipelines");
    Connection& connection = connections_.emplace_back();
    connection.from = from;
    connection.to = to;
    connection.options = options;
    return to;
}

PortRef connect(const PortRef& from, const PortRef& to, const LinkOptions& options) {
    return to.pipeline->connect(from, to, options);
}

void PipelineImpl::set_options(std::size_t stage, const StageOptions& options) { stages_.at(stage).options = options; }

void PipelineImpl::set_option(std::string_view stage, std::string_view option, std::string_view value) {
    const auto found =
        std::find_if(stages_.begin(), stages_.end(), [stage](const StageEntry& each) { return each.name == stage; });
    if (found == stages_.end()) {
        std::string names;
        for (const StageEntry& each : stages_)
            names += (names.empty() ? "" : ", ") + each.name;
        throw GraphError("there is no stage '" + std::string(stage) + "' (stages: " + names + ")");
    }
    try {
        found->definition->change_option(option, value);
    } catch (const GraphError& error) {
        throw GraphError(label(*found) + ": " + error.what());
    }
}

void PipelineImpl::require_not_in_stage(const char* what) const {
    if (current_stage())
        throw WrongThread(std::string(what) + " waits and was called from the body of stage '" + current_stage()->name() + "'");
    if (engine_->on_control_thread())
        throw WrongThread(std::string(what) + " waits and was called from a callback of the engine");
}

void PipelineImpl::start() {
    require_not_in_stage("Pipeline::start");
    reopen();
    check();
    if (phase_.load() != Phase::prepared)
        throw GraphError("the pipeline was started already");

    {
        const Lock lock(topology_->mutex);
        topology_->stall_memory.reserve(stages_.size(), connections_.size());
    }
    make_ready();
    {
        const Lock lock(topology_->mutex);
        topology_->graphs.assign(1, this); // reserved
    }
    started_at_ = ledger_now();
    remaining_.store(stages_.size() + 1, std::memory_order_seq_cst); // one for this call
    phase_.store(Phase::running);
    for (StageEntry& stage : stages_)
        stage.core->signal();
    count_down();
}

void PipelineImpl::make_ready() {
    codec_share_.emplace(engine_->codec_load(), codec_load());
    try {
        make_cores();
        engine_->add(*this);
    } catch (...) {
        destroy_cores();
        codec_share_.reset();
        throw;
    }
}

void PipelineImpl::make_cores() {
    engine_->arena().execute([&] { graph_ = std::make_unique<flow::graph>(); });
    for (StageEntry& stage : stages_)
        stage.core = std::make_unique<StageCore>(*this, *graph_, label(stage), *stage.definition, stage.ports, stage.traits,
                                                 stage.options.on_error,
                                                 codec_share_->threads(engine_->threads(), stage.traits.codec_load));
    for (StageEntry& stage : stages_)
        for (const auto& output : stage.ports.outputs())
            output->fix_links();
    for (const Connection& connection : connections_)
        connection.link->set_reader(connection.link->to().stage().holder());
    for (const auto& joint : joints_)
        joint->link().set_reader(joint->link().to().stage().holder());
    measure_latencies();
    for (const Connection& connection : connections_)
        flow::make_edge(*connection.link->from().node_, connection.link->to().node_->node);
    for (StageEntry& stage : stages_)
        for (const auto& input : stage.ports.inputs()) {
            input->forwards_gaps = stage.traits.forwards_gaps;
            for (const auto& output : stage.ports.outputs())
                input->gap_targets.push_back(output.get());
        }
}

/// From where items come from to where they end.
void PipelineImpl::measure_latencies() {
    Clock& clock = engine_->clock();
    for (StageEntry& stage : stages_) {
        if (stage.ports.inputs().empty())
            for (const auto& output : stage.ports.outputs())
                output->enter_by(clock);
        if (stage.core->is_sink())
            for (const auto& input : stage.ports.inputs())
                input->link()->measure_latency(clock);
    }
}

void PipelineImpl::wait() {
    require_not_in_stage("Pipeline::wait");
    if (phase_.load() == Phase::building || phase_.load() == Phase::prepared)
        throw GraphError("the pipeline was not started");
    std::optional<Error> error;
    bool deadlock = false;
    {
        const Lock lock(mutex_);
        wait_for_end();
        error = error_;
        deadlock = deadlock_;
    }
    // Each caller gets an exception of its own.
    if (error && deadlock)
        throw Deadlock(*error);
    if (error)
        throw Error(*error);
    if (cancelled_.load())
        throw Cancelled(name_ + " was cancelled");
}

void PipelineImpl::wait_for_end() {
    const std::chrono::nanoseconds patience = engine().slow_end();
    auto next = std::chrono::steady_clock::now() + patience;
    for (bool ending = false; !done_;) {
        if (ended_.wait_until(mutex_, next) != std::cv_status::timeout || done_)
            continue;
        next += patience;
        if (!std::exchange(ending, stopping()))
            continue; // it was not told to end, or not for so long
        const std::string line = name_ + " takes long to end: " + stages_that_have_not_ended();
        mutex_.unlock(); // the log is the application's
        log(LogLevel::warning, line);
        mutex_.lock();
    }
}

bool PipelineImpl::finished() const noexcept {
    const Lock lock(mutex_);
    return done_;
}

void PipelineImpl::end_all(EndReason reason) noexcept {
    // Before the look at the branches: one that comes later looks at this (see `admit`).
    stopping_.store(true, std::memory_order_seq_cst);
    for (StageEntry& stage : stages_)
        stage.core->end(reason);
    const Lock lock(branches_mutex_);
    for (const auto& branch : branches_)
        branch->impl().end_with_parent(reason);
}

void PipelineImpl::end_sources() noexcept {
    for (StageEntry& stage : stages_)
        if (stage.core->is_source())
            stage.core->end(EndReason::drained);
}

void PipelineImpl::cancel() noexcept {
    if (phase_.load() != Phase::running || finished())
        return;
    cancelled_.store(true);
    end_all(EndReason::cancelled);
}

void PipelineImpl::drain() noexcept {
    if (phase_.load() != Phase::running || finished())
        return;
    drained_.store(true);
    resume();
    end_sources();
    const Lock lock(branches_mutex_);
    for (const auto& branch : branches_)
        branch->impl().drain();
}

void PipelineImpl::pause() noexcept {
    if (phase_.load() != Phase::running)
        return;
    const Lock lock(pause_mutex_);
    if (!paused_.exchange(true, std::memory_order_seq_cst) && !parent_)
        topology_->media_clock.stand_still(engine_->clock().now());
    for (StageEntry& stage : stages_)
        stage.core->pause();
    const Lock branches(branches_mutex_);
    for (const auto& branch : branches_)
        branch->impl().pause();
}

void PipelineImpl::resume() noexcept {
    {
        const Lock lock(pause_mutex_);
        if (!paused())
            return;
        if (!parent_)
            topology_->media_clock.go_on(engine_->clock().now()); // before anybody runs
        paused_.store(false, std::memory_order_seq_cst);
        for (StageEntry& stage : stages_)
            stage.core->go_on();
        const Lock branches(branches_mutex_);
        for (const auto& branch : branches_)
            branch->impl().resume();
    }
    if (parent_)
        return; // its pipeline tells, and holds locks that come after the topology's
    const Lock lock(topology_->mutex);
    topology_->settled.notify_all(); // a step is over
}

void PipelineImpl::start_job(StageCore& stage, Job& job, JobPlace place) {
    if (probe_)
        probe_->starts_job(stage);
    keep(); // until the job is over
    stage.job_started();
    try {
        switch (place) {
        case JobPlace::io:
            if (stage.traits().blocking)
                engine_->io().post(job); // its body goes on, and may wait for what it has started
            else
                engine_->io().run(job);
            break;
        case JobPlace::endpoint: engine_->endpoints().run(job); break;
        case JobPlace::worker: engine_->queue().post(job); break;
        }
    } catch (...) {
        stage.job_over();
        let_go();
        throw;
    }
}

void PipelineImpl::release_endpoints() noexcept {
    for (StageEntry& stage : stages_)
        if (std::exchange(stage.endpoint_reserved, false))
            engine_->endpoints().release();
}

} // namespace weir::detail
