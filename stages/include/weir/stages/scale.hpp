#pragma once
// The stage that gives pictures another size, pixel format or colour.
#include <weir/framework/stage.hpp>
#include <weir/stages/scaler.hpp>

#include <memory>

namespace weir {

/// in: video frames; out: video frames, in order, as many. A frame that is already as wanted passes through as it is,
/// without a copy. Up to `parallel` frames are scaled at once, on workers. Formats may change in mid-stream.
[[nodiscard]] std::unique_ptr<StageDefinition> scale(const ScaleOptions& options = {});

} // namespace weir
