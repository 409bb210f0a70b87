// Going on at another time, item by item, and again after the end.
#include "joint.hpp"
#include "pipeline_impl.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weir::detail {

// --- the core's part

/// Once it is as it was before its first step, it does nothing until the seek is over, not even end.
bool StageCore::rests_for_seek() noexcept {
    const std::uint64_t number = pipeline_.topology().seek.load(std::memory_order_seq_cst);
    if (number == 0)
        return false;
    if (settled_for_.load(std::memory_order_seq_cst) == number)
        return true;
    // One that ends anyhow does so first.
    if (ending_.load(std::memory_order_seq_cst) >= 0 || (over_ && !restarting_ && !clearing_))
        return false;
    settle_for(number);
    return true;
}

void StageCore::settle_for(std::uint64_t number) noexcept {
    if (jobs_.load(std::memory_order_seq_cst) > 0)
        return; // its memory is in use; the end of the job signals
    clearing_ = true;
    if (started_ && !over_) {
        seeking_ = true;
        destroy_coroutine();
        seeking_ = false;
    }
    try {
        start_calls(EndReason::seek);
    } catch (...) { // no memory, no thread: better here than not at all
        for (const auto& call : std::exchange(on_end_, {}))
            pipeline_.run_call(call, *this, EndReason::seek);
    }
    if (jobs_.load(std::memory_order_seq_cst) > 0)
        return;
    restarting_ = over_ = started_ = clearing_ = yielded_ = false;
    served_last = static_cast<std::size_t>(-1);
    const Lock lock(pipeline_.topology().mutex);
    settled_for_.store(number, std::memory_order_seq_cst);
    pipeline_.topology().settled.notify_all();
}

/// It then rests like the others.
bool StageCore::live_again(std::uint64_t number) noexcept {
    if (ending_.load(std::memory_order_seq_cst) >= 0)
        return false; // it was told to end, perhaps after it had
    over_ = started_ = false;
    served_last = static_cast<std::size_t>(-1);
    done_with_links_ = false;
    ended_.store(false, std::memory_order_seq_cst);
    settled_for_.store(number, std::memory_order_seq_cst);
    activation_.start_again();
    return true;
}

void StageCore::note_ended() noexcept {
    const Lock lock(pipeline_.topology().mutex);
    ended_.store(true, std::memory_order_seq_cst);
    pipeline_.topology().settled.notify_all();
}

bool StageCore::is_sink() const noexcept {
    return !ports_.inputs().empty() && std::all_of(ports_.outputs().begin(), ports_.outputs().end(),
                                                   [](const auto& output) { return output->links().empty(); });
}

void StageCore::allow(std::uint64_t items) noexcept {
    steps_.store(items, std::memory_order_seq_cst);
    steps_wait_.store(true, std::memory_order_seq_cst);
}

void StageCore::allow_none() noexcept {
    steps_wait_.store(false, std::memory_order_seq_cst);
    steps_.store(0, std::memory_order_seq_cst);
}

bool StageCore::holds_step() const noexcept {
    return pipeline_.topology().stepping.load(std::memory_order_seq_cst) && pipeline_.paused() && is_sink() &&
           !steps_wait_.load(std::memory_order_seq_cst) && ending_.load(std::memory_order_seq_cst) < 0 && !has_jobs() && idle();
}

/// A paused stage, at a wait.
bool StageCore::may_step() const noexcept {
    if (!pipeline_.topology().stepping.load(std::memory_order_seq_cst))
        return false;
    if (!steps_wait_.load(std::memory_order_seq_cst))
        return !is_sink();
    return steps_.load(std::memory_order_seq_cst) > 0 ||
           (wait_ && wait_->kind() != WaitKind::input); // it is at its last one yet
}

/// It has taken what it may, and has done with it.
void StageCore::note_step() noexcept {
    if (!steps_wait_.load(std::memory_order_seq_cst) || steps_.load(std::memory_order_seq_cst) > 0)
        return;
    const Lock lock(pipeline_.topology().mutex);
    steps_wait_.store(false, std::memory_order_seq_cst);
    pipeline_.topology().settled.notify_all();
}

// --- the pipeline's

/// The pipeline and its branches, none of which is over before this is gone.
class PipelineImpl::Held {
public:
    explicit Held(PipelineImpl& pipeline) {
        const Lock lock(pipeline.branches_mutex_);
        branches_.reserve(pipeline.branches_.size());
        graphs_.reserve(pipeline.branches_.size() + 1);
        if (pipeline.phase_.load() == Phase::running && pipeline.hold())
            graphs_.push_back(&pipeline);
        for (const auto& branch : pipeline.branches_)
            if (!graphs_.empty() && branch->impl().hold()) {
                branches_.push_back(branch);
                graphs_.push_back(&branch->impl());
            }
    }
    ~Held() {
        for (auto graph = graphs_.rbegin(); graph != graphs_.rend(); ++graph)
            (*graph)->count_down();
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

    [[nodiscard]] bool nothing() const noexcept { return graphs_.empty(); }
    [[nodiscard]] const std::vector<PipelineImpl*>& graphs() const noexcept { return graphs_; }
    template <class F> void for_each_core(F f) const {
        for (const PipelineImpl* graph : graphs_)
            for (const StageEntry& stage : graph->stages())
                f(*stage.core);
    }
    template <class F> [[nodiscard]] bool all_cores(F f) const {
        return std::all_of(graphs_.begin(), graphs_.end(), [&f](const PipelineImpl* graph) {
            return std::all_of(graph->stages().begin(), graph->stages().end(),
                               [&f](const StageEntry& stage) { return f(*stage.core); });
        });
    }

private:
    std::vector<std::shared_ptr<Pipeline>> branches_;
    std::vector<PipelineImpl*> graphs_;
};

void PipelineImpl::require_seekable() const {
    for (const StageEntry& stage : stages_)
        if (const std::string why = stage.definition->refuses_seek(stage.ports); !why.empty())
            throw GraphError("cannot seek: " + label(stage) + ": " + why);
}

void PipelineImpl::seek(const Position& to) {
    require_not_in_stage("Pipeline::seek");
    if (to.time < std::chrono::nanoseconds(0))
        throw std::invalid_argument("cannot seek to a time before the beginning");
    const Lock editing(edit_mutex_);
    {
        const Held held(*this);
        if (held.nothing())
            throw GraphError(name_ + " is not running: there is nothing to seek in");
        if (drained_.load())
            throw GraphError("cannot seek: " + name_ + " is being drained");
        for (const PipelineImpl* graph : held.graphs())
            graph->require_seekable();
        if (!stopping()) {
            std::vector<LinkBase*> links;
            std::size_t most = 0;
            for (const PipelineImpl* graph : held.graphs())
                most += graph->connections_.size() + graph->joints_.size();
            links.reserve(most);
            settle(held, ++seeks_);
            go_to(held, to, links);
            if (!stopping())
                return;
        }
    }
    wait(); // throws what ended it
}

/// Until all stages rest, as they were before their first step, or have ended.
void PipelineImpl::settle(const Held& held, std::uint64_t number) {
    Topology& topology = *topology_;
    {
        const Lock lock(topology.mutex);
        topology.seek.store(number, std::memory_order_seq_cst);
    }
    held.for_each_core([](StageCore& core) { core.interrupt(); });
    const Lock lock(topology.mutex);
    while (!held.all_cores([number](const StageCore& core) { return core.settled_for(number); }))
        topology.settled.wait(topology.mutex);
}

/// While all rest. `links` has room for all there are.
void PipelineImpl::go_to(const Held& held, const Position& to, std::vector<LinkBase*>& links) noexcept {
    {
        const Lock lock(topology_->mutex);
        for (PipelineImpl* graph : held.graphs())
            if (!stopping() && !graph->stopping())
                graph->choose_who_lives(links);
    }
    for (LinkBase* link : links)
        link->discard(); // not under the lock: what items do when they go is theirs
    for (PipelineImpl* graph : held.graphs())
        for (const StageEntry& stage : graph->stages())
            if (!stopping() && !graph->stopping() && !stage.core->finished()) {
                try {
                    stage.definition->seek(to, stage.core->stop_token());
                } catch (...) {
                    graph->fail(*stage.core, std::current_exception());
                }
            }
    topology_->media_clock.restart();
    {
        const Lock lock(topology_->mutex);
        held.for_each_core([&to](StageCore& core) { core.begin_at(to); });
        for (LinkBase* link : links)
            link->begin_anew();
        topology_->seek.store(0, std::memory_order_seq_cst);
    }
    held.for_each_core([](StageCore& core) { core.go_on(); });
}

/// Stages that have ended live again if something can come to them; links that are still read and written begin anew. Under the
/// topology's mutex.
void PipelineImpl::choose_who_lives(std::vector<LinkBase*>& links) noexcept {
    for (bool changed = true; std::exchange(changed, false);)
        for (const StageEntry& stage : stages_)
            if (stage.core->finished() && can_get_items(stage) && stage.core->live_again(topology_->seek.load())) {
                remaining_.fetch_add(1, std::memory_order_acq_rel);
                changed = true;
            }
    // One with an end that is over for good stays as it is: closed, or at its end.
    const auto lives = [](const PortBase& port) { return !static_cast<StageCore&>(port.stage()).finished(); };
    for (const Connection& connection : connections_)
        if (lives(connection.link->from()) && lives(connection.link->to()))
            links.push_back(connection.link.get());
    for (const auto& joint : joints_)
        if (joint->live() && lives(joint->link().from()) && lives(joint->link().to()))
            links.push_back(&joint->link());
}

/// It is a source, or one of those that feed it runs.
bool PipelineImpl::can_get_items(const StageEntry& stage) const noexcept {
    const auto& inputs = stage.ports.inputs();
    return inputs.empty() || std::any_of(inputs.begin(), inputs.end(), [this](const auto& input) {
               const LinkBase* link = input->link();
               const auto joint =
                   std::find_if(joints_.begin(), joints_.end(), [link](const auto& each) { return &each->link() == link; });
               return joint == joints_.end() ? !static_cast<StageCore&>(link->from().stage()).finished() : (*joint)->stays();
           });
}

void PipelineImpl::step(std::uint64_t items) {
    require_not_in_stage("Pipeline::step");
    const Lock editing(edit_mutex_);
    const Held held(*this);
    if (held.nothing() || !paused())
        throw GraphError(name_ + " is not paused: there is nothing to step through");
    if (items == 0)
        return;
    Topology& topology = *topology_;
    {
        // What is stepped through is due now, not when it would have been without the pause.
        const Lock lock(pause_mutex_);
        topology.media_clock.go_on(engine_->clock().now());
    }
    {
        const Lock lock(topology.mutex);
        held.for_each_core([items](StageCore& core) {
            if (core.is_sink())
                core.allow(items);
        });
        topology.stepping.store(true, std::memory_order_seq_cst);
    }
    held.for_each_core([](StageCore& core) { core.signal(); });
    {
        const Lock lock(topology.mutex);
        while (paused() && !held.all_cores([](const StageCore& core) { return core.has_stepped(); }))
            topology.settled.wait(topology.mutex);
        topology.stepping.store(false, std::memory_order_seq_cst);
        held.for_each_core([](StageCore& core) { core.allow_none(); });
    }
    const Lock lock(pause_mutex_);
    if (paused())
        topology.media_clock.stand_still(engine_->clock().now());
}

/// After its end everything is as it was before it was prepared. What was not started is left as it is.
void PipelineImpl::reopen() {
    if (phase_.load() != Phase::over)
        return;
    for (const StageEntry& stage : stages_)
        if (const std::string why = stage.definition->refuses_again(); !why.empty())
            throw GraphError(name_ + " cannot run again: " + label(stage) + ": " + why);
    {
        // Who said that it is over may be about to wake those who wait.
        const Lock lock(mutex_);
        done_ = deadlock_ = false;
        error_.reset();
    }
    {
        // From here on nobody looks at the stages.
        const Lock lock(topology_->mutex);
        phase_.store(Phase::building);
        topology_->graphs.clear();
        topology_->departed.clear();
        topology_->warned.clear();
        topology_->media_clock.restart();
        topology_->media_clock.go_on(engine_->clock().now());
    }
    destroy_cores();
    for (Connection& connection : connections_)
        connection.link.reset();
    for (StageEntry& stage : stages_)
        stage.ports.clear();
    cancelled_.store(false);
    drained_.store(false);
    paused_.store(false);
    stopping_.store(false);
    ended_at_.store(0);
    watched_.clear(); // the control thread knows of this pipeline no more
}

} // namespace weir::detail
