// Opening stages in the order of the graph, and turning connections into links.
#include "frame_paths.hpp"
#include "pipeline_impl.hpp"

#include <algorithm>
#include <future>
#include <memory>

namespace weir::detail {

class PipelineImpl::Opening final : public OpenContext {
public:
    Opening(PipelineImpl& pipeline, StageEntry& stage) : pipeline_(pipeline), stage_(stage) {}
    [[nodiscard]] Ports& ports() noexcept override { return stage_.ports; }
    [[nodiscard]] const std::string& name() const noexcept override { return stage_.name; }
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
    void info(const std::string& text) override { pipeline_.log(LogLevel::info, stage_.name + ": " + text); }

private:
    PipelineImpl& pipeline_;
    StageEntry& stage_;
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

std::string port_text(const StageEntry& stage, const std::string& port) {
    return port.empty() ? stage.name : stage.name + "." + port;
}

} // namespace

void PipelineImpl::resolve(Connection& connection) {
    StageEntry& from = stages_[connection.from.stage];
    StageEntry& to = stages_[connection.to.stage];
    const std::string both = port_text(from, connection.from.port) + " to " + port_text(to, connection.to.port);
    OutputBase* output = nullptr;
    InputBase* input = nullptr;
    try {
        output = &from.definition->output_for(from.ports, connection.from.port);
    } catch (const GraphError& error) {
        throw GraphError(from.name + ": " + error.what());
    }
    try {
        input = &to.definition->input_for(to.ports, connection.to.port, *output);
    } catch (const GraphError& error) {
        throw GraphError(to.name + ": " + error.what());
    }
    const std::string name = from.name + "." + output->name() + "->" + to.name + "." + input->name();
    if (output->type() != input->type())
        throw GraphError("cannot connect " + both + ": " + from.name + "." + output->name() + " gives " +
                         output->type().name() + ", " + to.name + "." + input->name() + " takes " + input->type().name());
    if (input->link())
        throw GraphError("cannot connect " + both + ": " + to.name + "." + input->name() + " is connected already");
    LinkOptions bounds = connection.options;
    if (bounds.capacity == 0)
        bounds.capacity = output->default_capacity();
    connection.link = input->make_link(*output, bounds);
    connection.link->set_name(name);
    try {
        output->attach(*connection.link);
    } catch (const std::invalid_argument& error) {
        throw GraphError("cannot connect " + both + ": " + error.what());
    }
    input->attach(*connection.link);
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
        throw GraphError(stage.name + ": " + error.what());
    } catch (const Error&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (...) {
        throw Error(stage.name, "", text_of(std::current_exception()), std::current_exception());
    }
}

void PipelineImpl::reserve_endpoint(StageEntry& stage) {
    if (stage.endpoint_reserved)
        return;
    if (!engine_->endpoints().reserve())
        throw Error(stage.name, "",
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
        for (Connection& connection : connections_)
            if (connection.to.stage == index && !connection.options.feedback)
                resolve(connection);
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
                throw GraphError(stage.name + ": nothing is connected to its input '" + input->name() + "' (" +
                                 input->type().name() + ")");
}

void PipelineImpl::check() {
    prepare();
    if (phase_.load() != Phase::prepared)
        return;
    require_inputs();
    FramePaths paths(stages_, connections_);
    for (const StageEntry& stage : stages_)
        for (const auto& output : stage.ports.outputs()) {
            const std::size_t least = 1 + paths.must_hold(*output);
            if (stage.options.quota && stage.options.quota < least)
                throw GraphError(stage.name + "." + output->name() + ": a quota of " + std::to_string(stage.options.quota) +
                                 " frames is too small: the stages after it hold " + std::to_string(least - 1) +
                                 " before they let the first go, so it takes at least " + std::to_string(least));
        }
    for (StageEntry& stage : stages_)
        if (stage.traits.endpoint)
            reserve_endpoint(stage);
}

} // namespace weir::detail
