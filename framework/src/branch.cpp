// Branches: how they come to a running pipeline, and how they go.
#include <weir/framework/branch.hpp>

#include "frame_paths.hpp"
#include "joint.hpp"
#include "pipeline_impl.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace weir::detail {
namespace {

constexpr std::size_t most_departed = 16; ///< branches whose holders are kept without asking whether a frame still names them

} // namespace

// --- coming

void PipelineImpl::attach(const std::shared_ptr<Pipeline>& graph) {
    require_not_in_stage("Pipeline::attach");
    if (!graph || graph->impl().parent_ != this)
        throw GraphError("the branch was made for another pipeline, or was attached already");
    PipelineImpl& branch = graph->impl();
    if (branch.joints_.empty())
        throw GraphError("branch " + branch.name_ + ": it is not connected to its pipeline");
    const Lock editing(edit_mutex_);
    // From here on this does not end: `count_down` follows, at the latest at the branch's end.
    if (phase_.load() != Phase::running || !hold())
        throw GraphError(name_ + " is not running: there is nothing to attach to");
    try {
        if (stopping())
            throw Cancelled("branch " + branch.name_ + " was not attached: " + name_ + " is being ended");
        require_streams(branch);
        branch.check();
        admit(graph);
    } catch (...) {
        count_down();
        throw;
    }
    branch.run_joined();
}

/// Not if all that the branch would read has ended: before its files are opened.
void PipelineImpl::require_streams(const PipelineImpl& branch) const {
    const auto& joints = branch.joints_;
    if (std::all_of(joints.begin(), joints.end(),
                    [this](const auto& joint) { return stages_[joint->from().stage].core->finished(); }))
        throw Error(stages_[joints.front()->from().stage].name, joints.front()->from().port,
                    "branch " + branch.name_ + " was not attached: what it would read has ended");
}

/// Makes it one of the pipeline's graphs, with quotas for what will be under way in it.
void PipelineImpl::admit(const std::shared_ptr<Pipeline>& graph) {
    PipelineImpl& branch = graph->impl();
    {
        const Lock lock(topology_->mutex);
        FramePaths paths = paths_with_branches(*topology_);
        paths.add(branch);
        require_quotas(paths);
    }
    branch.make_ready();
    try {
        branch.note_holders();
        const Lock lock(topology_->mutex);
        forget_departed();
        topology_->graphs.reserve(topology_->graphs.size() + 1);
        const Lock pausing(pause_mutex_);
        const Lock branches(branches_mutex_);
        branches_.push_back(graph);
        // Nothing throws from here on.
        branch.unparted_ = branch.joints_.size();
        branch.attached_ = true;
        branch.started_at_ = ledger_now();
        branch.remaining_.store(branch.stages_.size() + branch.joints_.size() + 1, std::memory_order_seq_cst);
        branch.phase_.store(Phase::running);
        topology_->graphs.push_back(&branch);
        if (paused())
            branch.pause();
    } catch (...) {
        engine_->remove(branch);
        throw;
    }
    // Who ends everything sets the flag and then looks for branches under their mutex; one that came later looks here.
    if (stopping())
        branch.end_with_parent(end_reason());
    else if (drained_.load())
        branch.drain();
}

/// Makes the links, and starts the stages. A branch's.
void PipelineImpl::run_joined() {
    try {
        {
            const Lock lock(topology_->mutex);
            parent_->recompute_quotas(*topology_);
            {
                const Lock settling(mutex_);
                unsettled_ = joints_.size();
            }
            for (const auto& joint : joints_)
                joint->ask_to_join();
        }
        {
            const Lock lock(mutex_);
            while (unsettled_ > 0)
                ended_.wait(mutex_);
        }
        const Lock lock(topology_->mutex);
        for (const auto& joint : joints_)
            if (joint->error())
                std::rethrow_exception(joint->error());
        if (std::all_of(joints_.begin(), joints_.end(), [](const auto& joint) { return joint->came_too_late(); }))
            throw Error(joints_.front()->link().from().stage().name(), joints_.front()->link().from().name(),
                        "branch " + name_ + " was not attached: what it would read has ended");
    } catch (const std::invalid_argument& error) { // a second link for what cannot be copied
        abandon();
        throw GraphError("branch " + name_ + ": " + error.what());
    } catch (...) {
        abandon();
        throw;
    }
    if (parent_->stopping()) {
        abandon();
        wait(); // throws what ended the pipeline
    }
    for (StageEntry& stage : stages_)
        stage.core->signal();
    count_down();
}

void PipelineImpl::joint_settled() noexcept {
    const Lock lock(mutex_);
    if (--unsettled_ == 0)
        ended_.notify_all(); // under the lock: the branch may go as soon as it is let go
}

/// Ends one that was admitted and is not to run, and waits for that.
void PipelineImpl::abandon() noexcept {
    cancelled_.store(true);
    end_all(EndReason::cancelled);
    {
        const Lock lock(topology_->mutex);
        for (const auto& joint : joints_)
            joint->ask_to_part();
    }
    count_down();
    const Lock lock(mutex_);
    while (!done_)
        ended_.wait(mutex_);
}

// --- going

void PipelineImpl::detach(PipelineImpl& branch, Detach how) {
    require_not_in_stage("Pipeline::detach");
    if (branch.parent_ != this)
        throw GraphError("branch " + branch.name_ + " is another pipeline's");
    branch.end_branch(how);
    try {
        branch.wait();
    } catch (...) {
        if (how == Detach::drain)
            throw;
    }
}

void PipelineImpl::end_branch(Detach how) noexcept {
    {
        const Lock lock(topology_->mutex);
        if (!attached_ || !hold())
            return; // it has gone, and perhaps its pipeline
    }
    // Outside the lock: what stages do when they are asked to stop is theirs.
    if (how == Detach::discard) {
        cancelled_.store(true);
        end_all(EndReason::cancelled);
    } else {
        drain();
    }
    {
        const Lock lock(topology_->mutex);
        for (const auto& joint : joints_)
            joint->ask_to_part();
    }
    count_down();
}

void PipelineImpl::joint_parted() noexcept {
    // Nothing more comes from the pipeline: sources of its own must not keep the branch for ever.
    if (--unparted_ == 0 && !stopping())
        end_sources();
    count_down();
}

/// The pipeline's end, all at once.
void PipelineImpl::end_with_parent(EndReason reason) noexcept {
    if (!stopping() && remaining_.load(std::memory_order_seq_cst) > 0) {
        if (reason == EndReason::failed) {
            try {
                parent_->copy_error_to(*this);
            } catch (...) {
                cancelled_.store(true); // no memory for more
            }
        } else {
            cancelled_.store(true);
        }
    }
    end_all(reason);
}

void PipelineImpl::copy_error_to(PipelineImpl& branch) const {
    std::optional<Error> error;
    bool deadlock = false;
    {
        const Lock lock(mutex_);
        error = error_;
        deadlock = deadlock_;
    }
    if (!error) {
        branch.cancelled_.store(true);
        return;
    }
    // Who attaches it while its pipeline fails may be here as well: one copy is enough.
    const Lock lock(branch.mutex_);
    if (branch.error_)
        return;
    branch.error_.emplace(std::move(*error));
    branch.deadlock_ = deadlock;
}

/// What was known of a branch's bounds, when it goes. Without memory for that, all stay as they are until the next edit.
void PipelineImpl::forget_bounds(Topology& topology) noexcept {
    try {
        const std::string mine = name_ + "/";
        std::erase_if(topology.warned, [&](const auto& entry) { return entry.first.find(mine) != std::string::npos; });
        parent_->recompute_quotas(topology);
    } catch (...) {
        return;
    }
}

/// On the control thread, when oneTBB has left the branch's graph. What keeps the branch alive is the caller's from here on.
std::shared_ptr<Pipeline> PipelineImpl::leave_parent() noexcept {
    {
        const Lock lock(topology_->mutex);
        try {
            add_to(last_);
        } catch (...) {
            last_ = {}; // no memory: it goes without its figures
        }
        attached_ = false;
        std::erase(topology_->graphs, this);
        topology_->departed.splice(topology_->departed.end(), holders_);
        forget_bounds(*topology_);
    }
    std::shared_ptr<Pipeline> self;
    {
        const Lock lock(parent_->branches_mutex_);
        const auto found = std::find_if(parent_->branches_.begin(), parent_->branches_.end(),
                                        [this](const auto& branch) { return &branch->impl() == this; });
        self = std::move(*found);
        parent_->branches_.erase(found);
    }
    destroy_cores(); // nobody knows of them any more
    joints_.clear();
    connections_.clear();
    return self;
}

/// Nobody may be asking.
void PipelineImpl::log_failure() const noexcept {
    try {
        std::string why;
        {
            const Lock lock(mutex_);
            if (error_)
                why = error_->what();
        }
        log(LogLevel::warning, "branch " + name_ + " has failed, and " + parent_->name_ + " goes on without it: " + why);
    } catch (...) {
        return; // no memory for a word about it; its attachment has the error
    }
}

Snapshot PipelineImpl::branch_snapshot() const {
    const Lock lock(topology_->mutex);
    if (!attached_)
        return last_;
    Snapshot result;
    add_to(result);
    return result;
}

// --- bounds

FramePaths PipelineImpl::paths_with_branches(const Topology& topology) const {
    FramePaths paths(*this);
    for (const PipelineImpl* graph : topology.graphs)
        if (graph != this)
            paths.add(*graph);
    return paths;
}

/// Those of a branch are its own affair: nothing leads out of it.
void PipelineImpl::recompute_quotas(const Topology& topology) {
    const FramePaths paths = paths_with_branches(topology);
    for (const StageEntry& stage : stages_)
        for (const auto& output : stage.ports.outputs())
            output->change_quota(quota_for(stage, *output, paths));
}

// --- holders

void PipelineImpl::note_holders() {
    std::vector<std::uint64_t>& holders = holders_.emplace_back();
    for (const StageEntry& stage : stages_)
        holders.push_back(stage.core->holder().value);
    for (const Connection& connection : connections_)
        holders.push_back(connection.link->holder().value);
    for (const auto& joint : joints_)
        holders.push_back(joint->link().holder().value);
}

void PipelineImpl::forget_departed() {
    if (topology_->departed.size() < most_departed)
        return;
    std::unordered_set<std::uint64_t> named;
    engine_->registry().for_each_out(
        [&named](const Quota*, HolderId holder, std::size_t, std::uint32_t) { named.insert(holder.value); });
    std::erase_if(topology_->departed, [&named](const std::vector<std::uint64_t>& branch) {
        return std::none_of(branch.begin(), branch.end(), [&named](std::uint64_t holder) { return named.contains(holder); });
    });
}

} // namespace weir::detail

namespace weir {

Branch::Branch(Pipeline& pipeline, std::string name, BranchOptions options)
    : graph_(new Pipeline(pipeline, std::move(name), options.fails_pipeline)) {}
Branch::~Branch() = default;

Attachment Pipeline::attach(Branch&& branch) {
    const std::shared_ptr<Pipeline> graph = std::move(branch.graph_);
    impl_->attach(graph);
    return Attachment(graph);
}

void Pipeline::detach(const Attachment& attachment, Detach how) { impl_->detach(attachment.graph_->impl(), how); }
void Pipeline::detach(const Attachment& attachment) { detach(attachment, Detach::drain); }

void Attachment::end(Detach how) const noexcept { graph_->impl().end_branch(how); }
void Attachment::wait() const { graph_->wait(); }
bool Attachment::finished() const noexcept { return graph_->finished(); }
void Attachment::set_option(std::string_view stage, std::string_view option, std::string_view value) const {
    graph_->impl().set_option(stage, option, value);
}
Snapshot Attachment::snapshot() const { return graph_->impl().branch_snapshot(); }

} // namespace weir
