#pragma once
// Inputs of stages that take whatever kind of media is connected.
#include <weir/framework/stage.hpp>

namespace weir::detail {

/// The input "in" of a stage with one, made for the type of `from`. Throws GraphError if the stage cannot take it, has it
/// already, or `name` is another. `Items` are the types it takes.
template <Item... Items>
[[nodiscard]] InputBase& make_media_input(Ports& ports, std::string_view name, const OutputBase& from, const char* stage_type) {
    if (!name.empty() && name != "in")
        throw GraphError(std::string(stage_type) + " has no input '" + std::string(name) + "', only 'in'");
    if (!ports.inputs().empty())
        throw GraphError(std::string(stage_type) + " has one input, and it is connected already");
    InputBase* made = nullptr;
    const auto make = [&]<Item T>() {
        if (!made && *from.type().type == typeid(T))
            made = &ports.input<T>("in").port();
    };
    (make.template operator()<Items>(), ...);
    if (!made) {
        std::string takes;
        ((takes += (takes.empty() ? "" : ", ") + type_name<Items>()), ...);
        throw GraphError(std::string(stage_type) + " takes " + takes + ", not " + from.type().name() + " from port '" +
                         from.name() + "'");
    }
    return *made;
}

/// Calls `f` with the typed input that `make_media_input` made.
template <Item First, Item... Rest, class F> decltype(auto) visit_media_input(const Ports& ports, F f) {
    if (ports.inputs().empty())
        throw GraphError("nothing is connected");
    InputBase& input = *ports.inputs().front();
    if constexpr (sizeof...(Rest) > 0) {
        if (*input.type().type != typeid(First))
            return visit_media_input<Rest...>(ports, f);
    }
    return f(Input<First>(static_cast<InputPort<First>&>(input)));
}

} // namespace weir::detail
