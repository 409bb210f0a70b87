#pragma once
#include <weir/framework/engine.hpp>
#include <weir/framework/pipeline.hpp>

#include "spec.hpp"

#include <functional>

namespace property {

/// What the errors of nodes that fail say.
inline constexpr const char* planned = "planned";

/// Runs the graph as a pipeline of frames on `engine`, and lets `disturb` do something to it meanwhile. Throws what the
/// pipeline throws, and std::logic_error if a link that drops does not count right. `results` has what sinks recorded in any
/// case.
void run(const GraphSpec& spec, weir::Engine& engine, Results& results,
         const std::function<void(weir::Pipeline&)>& disturb = {});

} // namespace property
