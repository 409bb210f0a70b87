// Outputs that stages make while they run.
#include "frame_paths.hpp"
#include "pipeline_impl.hpp"

#include <algorithm>
#include <utility>

namespace weir::detail {

OutputBase& StageCore::add_output(std::unique_ptr<OutputBase> port) {
    const std::string name = port->name();
    bind(*port);
    for (const auto& input : ports_.inputs())
        input->gap_targets.reserve(input->gap_targets.size() + 1);
    const bool made = pipeline_.add_output(*this, std::move(port));
    OutputBase& output = *ports_.find_output(name);
    if (made)
        for (const auto& input : ports_.inputs())
            input->gap_targets.push_back(&output);
    return output;
}

bool PipelineImpl::add_output(StageCore& stage, std::unique_ptr<OutputBase> port) {
    const auto entry =
        std::find_if(stages_.begin(), stages_.end(), [&](const StageEntry& each) { return each.core.get() == &stage; });
    AddedPort added{entry->name, port->name(), port->type().name(), port->packet_format};
    port->make_added();
    if (entry->ports.inputs().empty())
        port->enter_by(engine_->clock());
    {
        const Lock lock(topology_->mutex);
        if (const OutputBase* before = entry->ports.find_output(port->name())) {
            if (before->added() && before->type() == port->type())
                return false;
            throw GraphError("there is an output '" + port->name() + "' for " + before->type().name() +
                             " already (outputs: " + entry->ports.output_names() + ")");
        }
        port->set_quota(quota_for(*entry, *port, paths_with_branches(*topology_)));
        entry->ports.adopt(std::move(port));
    }
    if (on_port_added_)
        on_port_added_(added);
    return true;
}

} // namespace weir::detail
