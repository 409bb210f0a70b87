#include <weir/framework/stage.hpp>

namespace weir {
namespace {

template <class List> auto* find_port(const List& ports, std::string_view name) noexcept {
    for (const auto& port : ports)
        if (port->name() == name)
            return port.get();
    return static_cast<decltype(ports.front().get())>(nullptr);
}

template <class List> std::string names(const List& ports) {
    std::string text;
    for (const auto& port : ports)
        text += (text.empty() ? "" : ", ") + port->name();
    return text.empty() ? "none" : text;
}

template <class Port> Port& require(Port* port, std::string_view name, detail::ItemType type, const char* kind) {
    if (!port)
        throw GraphError("there is no " + std::string(kind) + " '" + std::string(name) + "'");
    if (port->type() != type)
        throw GraphError(std::string(kind) + " '" + std::string(name) + "' is for " + port->type().name() + ", not " +
                         type.name());
    return *port;
}

} // namespace

detail::InputBase* Ports::find_input(std::string_view name) const noexcept { return find_port(inputs_, name); }
detail::OutputBase* Ports::find_output(std::string_view name) const noexcept { return find_port(outputs_, name); }
std::string Ports::output_names() const { return names(outputs_); }
std::string Ports::input_names() const { return names(inputs_); }

void Ports::clear() noexcept {
    inputs_.clear();
    outputs_.clear();
}

detail::InputBase& Ports::require_input(std::string_view name, detail::ItemType type) const {
    return require(find_input(name), name, type, "input");
}
detail::OutputBase& Ports::require_output(std::string_view name, detail::ItemType type) const {
    return require(find_output(name), name, type, "output");
}

std::string StageDefinition::refuses_seek(const Ports& ports) const {
    return ports.inputs().empty() ? "it is a source that has no other place to begin at" : "";
}

void StageDefinition::change_option(std::string_view name, std::string_view) {
    throw GraphError("'" + std::string(name) + "' cannot be changed while it runs: " + type() + " has no options that can");
}

detail::InputBase& StageDefinition::input_for(Ports& ports, std::string_view name, const detail::OutputBase&) {
    if (!name.empty()) {
        if (auto* port = ports.find_input(name))
            return *port;
        throw GraphError("there is no input '" + std::string(name) + "' (inputs: " + ports.input_names() + ")");
    }
    for (const auto& port : ports.inputs())
        if (!port->link())
            return *port;
    if (ports.inputs().empty())
        throw GraphError("it has no input");
    throw GraphError("all its inputs are connected already (inputs: " + ports.input_names() + ")");
}

detail::OutputBase& StageDefinition::output_for(Ports& ports, std::string_view name) {
    if (!name.empty()) {
        if (auto* port = ports.find_output(name))
            return *port;
        throw GraphError("there is no output '" + std::string(name) + "' (outputs: " + ports.output_names() + ")");
    }
    if (ports.outputs().empty())
        throw GraphError("it has no output");
    if (ports.outputs().size() > 1)
        throw GraphError("it has several outputs, name one (outputs: " + ports.output_names() + ")");
    return *ports.outputs().front();
}

} // namespace weir
