#include "frame_paths.hpp"

#include "joint.hpp"

#include <algorithm>
#include <unordered_set>

namespace weir::detail {

void FramePaths::add(const PipelineImpl& graph) {
    graphs_.push_back(&graph);
    for (const Connection& connection : graph.connections())
        ways_[&connection.link->from()].push_back(
            {connection.link.get(), &graph.stages()[connection.to.stage], connection.options.feedback});
    for (const auto& joint : graph.joints())
        ways_[&joint->link().from()].push_back({&joint->link(), &graph.stages()[joint->to().stage], false});
}

const std::vector<FramePaths::Way>& FramePaths::ways(const OutputBase& output) const {
    static const std::vector<Way> none;
    const auto found = ways_.find(&output);
    return found == ways_.end() ? none : found->second;
}

template <class F> void FramePaths::for_each_next(const Way& way, const OutputBase& from, F f) const {
    if (!way.to->traits.passes_frames)
        return;
    for (const auto& next : way.to->ports.outputs())
        if (next->type() == from.type())
            f(*next, std::size_t{0});
    if (!way.to->traits.beyond)
        return;
    for (const PipelineImpl* graph : graphs_)
        for (const StageEntry& stage : graph->stages())
            if (stage.traits.beyond == way.to->traits.beyond && stage.ports.inputs().empty())
                for (const auto& next : stage.ports.outputs())
                    if (next->type() == from.type())
                        f(*next, stage.traits.at_once + stage.traits.holds);
}

std::size_t FramePaths::may_hold(const OutputBase& output) const {
    std::unordered_set<const OutputBase*> seen{&output};
    std::vector<const OutputBase*> to_visit{&output};
    std::size_t sum = 0;
    while (!to_visit.empty()) {
        const OutputBase& from = *to_visit.back();
        to_visit.pop_back();
        for (const Way& way : ways(from)) {
            const LinkBase& link = *way.link;
            sum += link.capacity() + way.to->traits.at_once + way.to->traits.holds;
            sum += link.drops() ? 1 : 0; // one that the stage looks at, which is not in the link
            // `inside`: what is in the hands of a stage that no link leads to
            for_each_next(way, from, [&](const OutputBase& next, std::size_t inside) {
                if (!seen.insert(&next).second)
                    return;
                sum += inside;
                to_visit.push_back(&next);
            });
        }
    }
    return sum;
}

std::size_t FramePaths::must_hold(const OutputBase& output) {
    // Known from now on, so that a loop adds nothing to itself.
    if (const auto [known, is_new] = held_.try_emplace(&output, 0); !is_new)
        return known->second;
    std::size_t most = 0;
    for (const Way& way : ways(output)) {
        std::size_t here = way.to->traits.holds;
        if (!way.feedback)
            for_each_next(way, output, [&](const OutputBase& next, std::size_t) { here += must_hold(next); });
        most = std::max(most, here);
    }
    held_[&output] = most;
    return most;
}

} // namespace weir::detail
