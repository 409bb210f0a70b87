#pragma once
// All stages of this library, for graphs that are text.
#include <weir/framework/stage_catalog.hpp>

namespace weir {

/// Adds every stage type of this library: demux, decode, scale, resample, encode, mux, testsrc, tone, framehash, numbers, null.
/// Throws std::invalid_argument if one of the names is taken.
void register_stages(StageCatalog& catalog);

} // namespace weir
