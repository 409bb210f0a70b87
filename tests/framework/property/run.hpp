#pragma once
#include <weir/framework/engine.hpp>

#include "spec.hpp"

namespace property {

/// Runs the graph as a pipeline of frames on `engine`. Throws what the pipeline throws.
[[nodiscard]] Results run(const GraphSpec& spec, weir::Engine& engine);

} // namespace property
