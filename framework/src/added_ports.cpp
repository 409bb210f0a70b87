// Outputs that stages make while they run.
#include "frame_paths.hpp"
#include "pipeline_impl.hpp"

#include <algorithm>
#include <utility>

namespace weir::detail {

void StageCore::add_output(std::unique_ptr<OutputBase> port) {
    bind(*port);
    OutputBase& output = *port;
    for (const auto& input : ports_.inputs())
        input->gap_targets.reserve(input->gap_targets.size() + 1);
    pipeline_.add_output(*this, std::move(port));
    for (const auto& input : ports_.inputs())
        input->gap_targets.push_back(&output);
}

void PipelineImpl::add_output(StageCore& stage, std::unique_ptr<OutputBase> port) {
    const auto entry =
        std::find_if(stages_.begin(), stages_.end(), [&](const StageEntry& each) { return each.core.get() == &stage; });
    AddedPort added{entry->name, port->name(), port->type().name(), port->packet_format};
    port->fix_links();
    if (entry->ports.inputs().empty())
        port->enter_by(engine_->clock());
    {
        const Lock lock(topology_->mutex);
        if (entry->ports.find_output(port->name()))
            throw GraphError("there is an output '" + port->name() + "' already (outputs: " + entry->ports.output_names() +
                             ")");
        port->set_quota(quota_for(*entry, *port, paths_with_branches(*topology_)));
        entry->ports.adopt(std::move(port));
    }
    if (on_port_added_)
        on_port_added_(added);
}

} // namespace weir::detail
