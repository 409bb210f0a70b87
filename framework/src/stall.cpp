// The stall rule: when a pipeline has stopped on its own bounds, the smallest of them grows by one.
#include "joint.hpp"
#include "pipeline_impl.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace weir::detail {
namespace {

StageCore& core_of(const PortBase& port) noexcept { return static_cast<StageCore&>(port.stage()); }

constexpr std::int64_t second = 1'000'000'000;

/// Stages of the same pipeline and its branches, whose bounds may be to blame.
bool waits_for_others(WaitKind kind) noexcept {
    switch (kind) {
    case WaitKind::input:
    case WaitKind::output:
    case WaitKind::quota:
    case WaitKind::room: return true;
    case WaitKind::none:
    case WaitKind::outside:
    case WaitKind::event:
    case WaitKind::time: break;
    }
    return false;
}

/// Follows the chain of who waits for whom while there is only one to follow. False: the end of the chain is not waiting,
/// so nothing is stuck. Only atomics are read; what is missed here is seen by whoever goes to rest last. Links into branches
/// may go at any time: without the topology's mutex they are not looked at.
bool chain_may_be_stuck(const StageCore& first, std::size_t stages, bool locked) noexcept {
    const StageCore* at = &first;
    for (std::size_t step = 0; step <= stages; ++step) {
        if (!at->idle())
            return false;
        const Reason why = at->reason();
        const StageCore* next = nullptr;
        switch (why.kind()) {
        case WaitKind::outside: // perhaps a sink that has had its items
            return at->pipeline().topology().stepping.load(std::memory_order_seq_cst);
        case WaitKind::none:
        case WaitKind::event:
        case WaitKind::time: return false;
        case WaitKind::input:
            for (const auto& input : at->ports().inputs())
                if (input->awaited.load(std::memory_order_relaxed)) {
                    if (input->link()->size() > 0 || input->link()->ended())
                        return false;
                    if (next)
                        return true; // several: the full search decides
                    next = &core_of(input->link()->from());
                }
            break;
        case WaitKind::output:
            if (!locked && why.output().has_branches())
                return true;
            for (const LinkBase* link : locked ? why.output().links() : why.output().lasting_links())
                if (link->full()) {
                    if (next)
                        return true;
                    next = &core_of(link->to());
                }
            if (!next)
                return false;
            break;
        case WaitKind::quota:
        case WaitKind::room: return true;
        }
        if (!next)
            return true; // it has only begun to wait and its marks are not all out: look properly
        at = next;
    }
    return true;
}

} // namespace

/// One search of a pipeline and its branches for their stuck set. Made under the topology's mutex.
class StallSearch {
public:
    explicit StallSearch(Topology& topology) WEIR_REQUIRES(topology.mutex)
        : graphs_(topology.graphs), said_(topology.warned), departed_(topology.departed),
          members_(topology.stall_memory.members), by_holder_(topology.stall_memory.by_holder),
          held_(topology.stall_memory.held) {}

    /// False if nothing is stuck. `stepping`: with sinks that have had their items and rest, and who waits for them.
    [[nodiscard]] bool find(bool stepping = false) {
        members_.clear();
        by_holder_.clear();
        held_.clear();
        for_each_core([this, stepping](StageCore& core) {
            // The count first: a run between the two looks is noticed in `still_the_same`.
            const std::uint64_t activations = core.activations();
            const Reason why = core.reason();
            if (core.idle() && (waits_for_others(why.kind()) || (stepping && core.holds_step()))) {
                core.place_in_search = members_.size();
                members_.push_back({&core, activations, why.word()});
            }
        });
        if (std::any_of(members_.begin(), members_.end(), [](const Member& member) { return waits_for_quota(why_of(member)); }))
            find_holders();
        leave_out_who_is_not_stuck();
        keep_the_stuck();
        return !members_.empty() && still_the_same();
    }

    /// Whether some of them wait for items of each other and of nobody else: a true deadlock, which no bound is to blame for,
    /// whatever the others could yet put into full links to them. If so, they are what was found.
    [[nodiscard]] bool deadlocked() {
        for (Member& member : members_)
            member.stuck = why_of(member).kind() == WaitKind::input;
        leave_out_who_is_not_stuck();
        if (std::any_of(members_.begin(), members_.end(), [](const Member& member) { return member.stuck; })) {
            keep_the_stuck();
            return true;
        }
        for (Member& member : members_)
            member.stuck = true;
        return false;
    }

    /// Grows the smallest bound to blame of those who are not deadlocked.
    void grow() {
        LinkBase* link = nullptr;
        OutputBase* port = nullptr;
        std::size_t smallest = std::numeric_limits<std::size_t>::max();
        for (const Member& member : members_) { // in the order of the graph: the same choice every time
            const Reason why = why_of(member);
            if (why.kind() == WaitKind::input)
                continue;
            auto& output = const_cast<OutputBase&>(why.output());
            if (why.kind() != WaitKind::quota)
                for (LinkBase* candidate : output.links())
                    if (candidate->full() && stuck(core_of(candidate->to())) && candidate->capacity() < smallest) {
                        smallest = candidate->capacity();
                        link = candidate;
                        port = nullptr;
                    }
            if (waits_for_quota(why) && !output.quota()->has_room() && output.quota()->limit() < smallest) {
                smallest = output.quota()->limit();
                link = nullptr;
                port = &output;
            }
        }
        if (link) {
            const std::size_t items = link->size();
            warn("link " + link->name(), " holds " + std::to_string(items) + " items", items);
            link->grow();
        } else if (port) {
            warn("quota of " + port->full_name(),
                 " has frames out: " + frames_of_quota(root().engine().registry(), *port->quota()), port->quota()->limit());
            port->grow_quota();
            port->stage().signal();
        } // else one that has room again meanwhile has told its stage
    }

    /// Sinks to which nothing comes while others rest have stepped, too.
    void end_steps() {
        for (const Member& member : members_)
            if (!member.core->has_stepped())
                member.core->allow_none();
        root().topology().settled.notify_all();
    }

    [[nodiscard]] std::string who_waits_for_whom() const {
        std::string text;
        for (const Member& member : members_)
            text += (text.empty() ? "" : ", ") + member.core->name() + " is " + member.core->state_text();
        return text;
    }

    /// Whom to end because they have stopped for ever. Nothing leads from a branch to its pipeline: if stages of that are among
    /// them, the cycle is there, and it takes its branches with it. Else it is in each branch that has some.
    [[nodiscard]] std::vector<StageCore*> whom_to_fail() const {
        std::vector<StageCore*> first_of_each;
        for (const PipelineImpl* graph : graphs_) {
            const auto member = std::find_if(members_.begin(), members_.end(),
                                             [graph](const Member& each) { return &each.core->pipeline() == graph; });
            if (member == members_.end())
                continue;
            first_of_each.push_back(member->core);
            if (!graph->parent())
                break;
        }
        return first_of_each;
    }
    /// What is to be logged, after the search.
    [[nodiscard]] const std::string& warning() const noexcept { return warning_; }

private:
    using Member = StallMemory::Member;
    [[nodiscard]] static Reason why_of(const Member& member) { return Reason(member.why); }
    [[nodiscard]] PipelineImpl& root() const { return *graphs_.front(); }
    template <class F> void for_each_core(F f) const {
        for (const PipelineImpl* graph : graphs_)
            for (const StageEntry& stage : graph->stages())
                f(*stage.core);
    }
    [[nodiscard]] bool stuck(const StageCore& core) const {
        const std::size_t place = core.place_in_search; // it may be from another search
        return place < members_.size() && members_[place].core == &core && members_[place].stuck;
    }
    [[nodiscard]] static bool waits_for_quota(Reason why) {
        return why.kind() == WaitKind::quota || why.kind() == WaitKind::room;
    }

    [[nodiscard]] bool is_stuck(const StageCore& core, Reason why) const {
        if (!waits_for_others(why.kind()))
            return true; // it holds a step
        if (why.kind() == WaitKind::input) {
            bool any = false;
            for (const auto& input : core.ports().inputs())
                if (input->awaited.load(std::memory_order_relaxed)) {
                    any = true;
                    const LinkBase& link = *input->link();
                    if (link.size() > 0 || link.ended() || !stuck(core_of(link.from())))
                        return false;
                }
            return any;
        }
        const OutputBase& output = why.output();
        if (why.kind() != WaitKind::quota)
            for (const LinkBase* link : output.links())
                if (link->full() && stuck(core_of(link->to())))
                    return true;
        return waits_for_quota(why) && !output.quota()->has_room() && all_holders_stuck(*output.quota());
    }

    /// The greatest set of those marked that are stuck with nobody but each other to wait for.
    void leave_out_who_is_not_stuck() {
        for (bool changed = true; changed;) {
            changed = false;
            for (Member& member : members_)
                if (member.stuck && !is_stuck(*member.core, why_of(member))) {
                    member.stuck = false;
                    changed = true;
                }
        }
    }
    void keep_the_stuck() {
        std::erase_if(members_, [](const Member& member) { return !member.stuck; });
        for (std::size_t i = 0; i < members_.size(); ++i)
            members_[i].core->place_in_search = i;
    }

    void find_holders() {
        for_each_core([this](const StageCore& core) { by_holder_.emplace_back(core.holder().value, &core); });
        for (const PipelineImpl* graph : graphs_) {
            for (const Connection& connection : graph->connections())
                by_holder_.emplace_back(connection.link->holder().value, &core_of(connection.link->to()));
            for (const auto& joint : graph->joints())
                by_holder_.emplace_back(joint->link().holder().value, &core_of(joint->link().to()));
        }
        for (const std::vector<std::uint64_t>& branch : departed_)
            for (const std::uint64_t holder : branch)
                by_holder_.emplace_back(holder, nullptr);
        std::sort(by_holder_.begin(), by_holder_.end());
        root().engine().registry().for_each_out(
            [this](const Quota* quota, HolderId holder, std::size_t, std::uint32_t handles) {
                if (quota && handles > 0) // what only a codec refers to does not count
                    held_.emplace_back(quota, holder.value);
            });
        std::sort(held_.begin(), held_.end());
    }
    [[nodiscard]] bool all_holders_stuck(const Quota& quota) const {
        const auto first = std::lower_bound(held_.begin(), held_.end(), std::pair<const Quota*, std::uint64_t>(&quota, 0));
        const auto last = std::find_if(first, held_.end(), [&quota](const auto& frame) { return frame.first != &quota; });
        if (static_cast<std::size_t>(last - first) < quota.in_use())
            return false; // one is on its way back: it will tell
        // If nothing is out, the limit alone is in the way.
        return std::all_of(first, last, [this](const auto& frame) {
            const auto known = std::lower_bound(by_holder_.begin(), by_holder_.end(), frame.second,
                                                [](const auto& entry, std::uint64_t holder) { return entry.first < holder; });
            if (known == by_holder_.end() || known->first != frame.second)
                return false; // the application, another pipeline, a codec's own: it may come back
            // One that has ended holds nothing: the note of a shared frame tells its last holder, not all of them.
            const StageCore* core = known->second;
            return !core || core->finished() || stuck(*core);
        });
    }

    /// Nobody of the set has run since it was looked at: then nothing that was read of them has changed.
    [[nodiscard]] bool still_the_same() const {
        return std::all_of(members_.begin(), members_.end(), [](const Member& member) {
            return member.core->idle() && member.core->activations() == member.activations;
        });
    }

    void warn(const std::string& what, const std::string& held, std::size_t limit) {
        std::string more;
        {
            auto& warned = said_[what];
            const std::int64_t now = ledger_now();
            if (warned.last != 0 && now - warned.last < second) {
                ++warned.held_back;
                return;
            }
            if (warned.held_back)
                more = " (and " + std::to_string(warned.held_back) + " times in the last second)";
            warned = {now, 0};
        }
        warning_ = what + " overflowed: " + std::to_string(limit) + " -> " + std::to_string(limit + 1) + more +
                   ", because the pipeline had stopped on its own bounds; it" + held + "; " + who_waits_for_whom();
    }

    const std::vector<PipelineImpl*>& graphs_;
    std::map<std::string, Topology::Warned, std::less<>>& said_; ///< when each bound was warned about
    const std::list<std::vector<std::uint64_t>>& departed_;
    std::string warning_;
    std::vector<Member>& members_; ///< those who may be stuck; after `find`, those who are
    std::vector<std::pair<std::uint64_t, const StageCore*>>& by_holder_;
    std::vector<std::pair<const Quota*, std::uint64_t>>& held_;
};

void PipelineImpl::look_for_stall(StageCore& stage) noexcept {
    // A stage that has ended is no end of a chain, but others may have been waiting for it to be the last to rest.
    const std::size_t longest = stages_.size() + (parent_ ? parent_->stages_.size() : 0);
    if (!stage.finished() && !chain_may_be_stuck(stage, longest, false))
        return;
    try {
        Lock lock(topology_->mutex);
        if (topology_->graphs.size() > 1 && !stage.finished() && !chain_may_be_stuck(stage, longest, true))
            return;
        StallSearch search(*topology_);
        if (!search.find()) {
            if (topology_->stepping.load(std::memory_order_seq_cst) && search.find(true))
                search.end_steps();
            return;
        }
        if (!search.deadlocked()) {
            search.grow();
            lock.unlock(); // the log is the application's
            if (!search.warning().empty())
                log(LogLevel::warning, search.warning());
            return;
        }
        const auto error = std::make_exception_ptr(Deadlock(
            "", "", "deadlock: these stages wait for each other and no bound is to blame: " + search.who_waits_for_whom()));
        const std::vector<StageCore*> stages = search.whom_to_fail();
        for (StageCore* each : stages)
            each->pipeline().keep();
        lock.unlock(); // who is told to stop may call the application
        for (StageCore* each : stages) {
            PipelineImpl& pipeline = each->pipeline();
            pipeline.fail(*each, error);
            pipeline.let_go();
        }
    } catch (const std::bad_alloc&) {
        fail(stage, std::current_exception());
    }
}

std::string frames_of_quota(PoolRegistry& registry, const Quota& quota) {
    std::map<std::uint64_t, std::size_t> counts;
    registry.for_each_out([&](const Quota* of, HolderId holder, std::size_t, std::uint32_t handles) {
        if (of == &quota && handles > 0)
            ++counts[holder.value];
    });
    std::map<std::uint64_t, std::size_t> shares;
    for (const auto& [holder, count] : counts) {
        const auto queue = holder_queue(HolderId{holder});
        const std::size_t waiting = queue ? std::min(queue->waiting, count) : count;
        if (waiting > 0)
            shares[holder] += waiting;
        if (count > waiting)
            shares[queue->reader.value] += count - waiting;
    }
    std::vector<std::pair<std::size_t, std::uint64_t>> order;
    order.reserve(shares.size());
    for (const auto& [holder, count] : shares)
        order.emplace_back(count, holder);
    std::sort(order.rbegin(), order.rend());
    std::string text;
    for (const auto& [count, holder] : order)
        text += (text.empty() ? "" : ", ") + holder_name(HolderId{holder}) + " " + std::to_string(count);
    return text.empty() ? "none" : text;
}

} // namespace weir::detail
