#pragma once
// `weir inspect`: what stages there are and what they can be told, from the tables that also read it.
#include <weir/framework/stage_catalog.hpp>

#include <string>

namespace weir::tools {

/// All stage types, one a line.
[[nodiscard]] std::string list_stages(const StageCatalog& catalog);
/// A stage type's options. Throws GraphError if there is no such type.
[[nodiscard]] std::string describe_stage(const StageCatalog& catalog, const std::string& name);

} // namespace weir::tools
