// Opening stages in the order of the graph, and turning connections into links.
#include "frame_paths.hpp"
#include "joint.hpp"
#include "pipeline_impl.hpp"

#include <algorithm>
#include <future>
#include <memory>

namespace weir::detail {

class PipelineImpl::Opening final : public OpenContext {
public:
    Opening(PipelineImpl& pipeline, StageEntry& stage) : pipeline_(pipeline), stage_(stage), name_(pipeline.label(stage)) {}
    [[nodiscard]] Ports& ports() noexcept override { return stage_.ports; }
    [[nodiscard]] const std::string& name() const noexcept override { return name_; }
    [[nodiscard]] const OutputBase* upstream(std::string_view input) const noexcept override {
        const InputBase* port = stage_.ports.find_input(input);
        return port && port->link() ? &port->link()->from() : nullptr;
    }
    [[nodiscard]] std::vector<std::string> wanted_outputs() const override {
        std::vector<std::string> names;
        for (const Connection& connection : pipeline_.connections_)
            if (&pipeline_.stages_[connection.from.stage] == &stage_)
                names.push_back(connection.from.port);
        return names;
    }
    void info(const std::string& text) override { pipeline_.log(LogLevel::info, name_ + ": " + text); }

private:
    PipelineImpl& pipeline_;
    StageEntry& stage_;
    std::string name_;
};

std::vector<std::size_t> PipelineImpl::order() const {
    std::vector<std::size_t> waiting_for(stages_.size(), 0);
    for (const Connection& connection : connections_)
        if (!connection.options.feedback)
            ++waiting_for[connection.to.stage];
    std::vector<std::size_t> result;
    for (std::size_t stage = 0; stage < stages_.size(); ++stage)
        if (waiting_for[stage] == 0)
            result.push_back(stage);
    for (std::size_t next = 0; next < result.size(); ++next)
        for (const Connection& connection : connections_)
            if (!connection.options.feedback && connection.from.stage == result[next] &&
                --waiting_for[connection.to.stage] == 0)
                result.push_back(connection.to.stage);
    if (result.size() < stages_.size()) {
        std::string names;
        for (std::size_t stage = 0; stage < stages_.size(); ++stage)
            if (waiting_for[stage] > 0)
                names += (names.empty() ? "" : ", ") + stages_[stage].name;
        throw GraphError("these stages form a loop, or come after one, in which nobody has a first item: " + names +
                         " (a link that closes a loop whose stages provide the first item needs LinkOptions::feedback)");
    }
    return result;
}

namespace {

std::string port_text(const std::string& stage, const std::string& port) { return port.empty() ? stage : stage + "." + port; }

} // namespace

std::string PipelineImpl::label(const StageEntry& stage) const { return parent_ ? name_ + "/" + stage.name : stage.name; }

/// The link is known to its input, not yet to its output.
std::unique_ptr<LinkBase> PipelineImpl::make_link(StageEntry& from, const PortRef& from_port, StageEntry& to,
                                                  const PortRef& to_port, const LinkOptions& options) {
    const std::string from_name = from_port.pipeline->label(from);
    const std::string to_name = label(to);
    const std::string both = port_text(from_name, from_port.port) + " to " + port_text(to_name, to_port.port);
    OutputBase* output = nullptr;
    InputBase* input = nullptr;
    try {
        output = &from.definition->output_for(from.ports, from_port.port);
    } catch (const GraphError& error) {
        throw GraphError(from_name + ": " + error.what());
    }
    try {
        input = &to.definition->input_for(to.ports, to_port.port, *output);
    } catch (const GraphError& error) {
        throw GraphError(to_name + ": " + error.what());
    }
    const std::string name = from_name + "." + output->name() + "->" + to_name + "." + input->name();
    if (output->type() != input->type())
        throw GraphError("cannot connect " + both + ": " + from_name + "." + output->name() + " gives " +
                         output->type().name() + ", " + to_name + "." + input->name() + " takes " + input->type().name());
    if (input->link())
        throw GraphError("cannot connect " + both + ": " + to_name + "." + input->name() + " is connected already");
    LinkOptions bounds = options;
    if (bounds.capacity == 0)
        bounds.capacity = output->default_capacity();
    auto link = input->make_link(*output, bounds);
    link->set_name(name);
    input->attach(*link);
    return link;
}

void PipelineImpl::resolve(Connection& connection) {
    connection.link = make_link(stages_[connection.from.stage], connection.from, stages_[connection.to.stage], connection.to,
                                connection.options);
    try {
        connection.link->from().attach(*connection.link);
    } catch (const std::invalid_argument& error) {
        throw GraphError("cannot connect " + connection.link->name() + ": " + error.what());
    }
}

void PipelineImpl::resolve(Joint& joint) {
    const Lock lock(topology_->mutex); // the stage may be making another output
    joint.set_link(
        make_link(parent_->stages_[joint.from().stage], joint.from(), stages_[joint.to().stage], joint.to(), joint.options()));
}

/// In the order in which they were asked for: a stage that makes inputs as it needs them numbers them so.
void PipelineImpl::resolve_inputs(std::size_t stage) {
    auto joint = joints_.begin();
    for (std::size_t i = 0; i <= connections_.size(); ++i) {
        for (; joint != joints_.end() && (*joint)->before() == i; ++joint)
            if ((*joint)->to().stage == stage)
                resolve(**joint);
        if (i < connections_.size() && connections_[i].to.stage == stage && !connections_[i].options.feedback)
            resolve(connections_[i]);
    }
}

void PipelineImpl::open(StageEntry& stage) {
    Opening context(*this, stage);
    // On an I/O thread: opening may block for long, and a caller may be a thread that must not.
    struct OpenJob final : Job {
        std::function<void()> work;
        std::promise<std::exception_ptr> done;
        void run() noexcept override {
            std::promise<std::exception_ptr> promise = std::move(done);
            std::exception_ptr error;
            try {
                work();
            } catch (...) {
                error = std::current_exception();
            }
            promise.set_value(std::move(error)); // moved: from here on it is the caller's alone, to its end
        }
    } job;
    job.work = [&] { stage.definition->open(context); };
    auto done = job.done.get_future();
    // What may wait for ever does so on a thread of its own here, too: others must not wait for it.
    const bool endpoint = stage.definition->traits().endpoint;
    if (endpoint)
        reserve_endpoint(stage);
    (endpoint ? engine_->endpoints() : engine_->io()).run(job);
    try {
        if (const std::exception_ptr error = done.get())
            std::rethrow_exception(error);
    } catch (const GraphError& error) {
        throw GraphError(label(stage) + ": " + error.what());
    } catch (const Error&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (...) {
        throw Error(label(stage), "", text_of(std::current_exception()), std::current_exception());
    }
}

void PipelineImpl::reserve_endpoint(StageEntry& stage) {
    if (stage.endpoint_reserved)
        return;
    if (!engine_->endpoints().reserve())
        throw Error(label(stage), "",
                    "the engine has no thread left for an endpoint that may wait for ever (EngineConfig::endpoint_threads)");
    stage.endpoint_reserved = true;
}

void PipelineImpl::prepare() {
    require_not_in_stage("Pipeline::prepare");
    if (phase_.load() != Phase::building)
        return;
    if (stages_.empty())
        throw GraphError("the pipeline has no stages");
    const auto sequence = order();
    for (StageEntry& stage : stages_)
        stage.definition->declare(stage.ports);
    for (const std::size_t index : sequence) {
        StageEntry& stage = stages_[index];
        resolve_inputs(index);
        open(stage);
        stage.traits = stage.definition->traits();
    }
    for (Connection& connection : connections_)
        if (connection.options.feedback)
            resolve(connection);
    set_bounds();
    phase_.store(Phase::prepared);
}

void PipelineImpl::require_inputs() const {
    for (const StageEntry& stage : stages_)
        for (const auto& input : stage.ports.inputs())
            if (!input->link())
                throw GraphError(label(stage) + ": nothing is connected to its input '" + input->name() + "' (" +
                                 input->type().name() + ")");
}

void PipelineImpl::require_quotas(FramePaths& paths) const {
    for (const StageEntry& stage : stages_)
        for (const auto& output : stage.ports.outputs()) {
            const std::size_t least = 1 + paths.must_hold(*output);
            if (stage.options.quota && stage.options.quota < least)
                throw GraphError(label(stage) + "." + output->name() + ": a quota of " + std::to_string(stage.options.quota) +
                                 " frames is too small: the stages after it hold " + std::to_string(least - 1) +
                                 " before they let the first go, so it takes at least " + std::to_string(least));
        }
}

void PipelineImpl::check() {
    prepare();
    if (phase_.load() != Phase::prepared)
        return;
    require_inputs();
    FramePaths paths(*this);
    require_quotas(paths);
    for (StageEntry& stage : stages_) {
        if (stage.traits.endpoint)
            reserve_endpoint(stage);
        if (stage.traits.blocking) // what activates it must not fail
            (stage.traits.endpoint ? engine_->endpoints() : engine_->io()).start_first();
    }
}

} // namespace weir::detail
