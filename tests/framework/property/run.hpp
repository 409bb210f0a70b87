#pragma once
#include <weir/framework/branch.hpp>
#include <weir/framework/engine.hpp>
#include <weir/framework/pipeline.hpp>

#include "spec.hpp"

#include <functional>
#include <string>
#include <vector>

namespace property {

/// What the errors of nodes that fail say.
inline constexpr const char* planned = "planned";

/// A graph that runs, with its stages by node.
struct Running {
    weir::Pipeline& pipeline;
    const std::vector<weir::AnyStage>& stages;
};

/// "out", "out0"; "in", "in1".
[[nodiscard]] std::string output_name(Kind kind, std::size_t port);
[[nodiscard]] std::string input_name(Kind kind, std::size_t port);

/// Adds a stage of that kind to a branch. A sink adds what it reads to `recorded`.
[[nodiscard]] weir::AnyStage add_node(weir::Branch& branch, std::string name, const NodeSpec& node,
                                      std::vector<std::uint64_t>& recorded);

/// Runs the graph as a pipeline of frames on `engine`, and lets `disturb` do something to it meanwhile. Throws what the
/// pipeline throws, and std::logic_error if an item is in none of the counts, or in two. `results` has what sinks recorded in
/// any case.
void run(const GraphSpec& spec, weir::Engine& engine, Results& results,
         const std::function<void(const Running&)>& disturb = {});

} // namespace property
