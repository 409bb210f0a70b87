#pragma once
// The stage that gives sound another rate, sample format or channel layout.
#include <weir/framework/stage.hpp>
#include <weir/stages/resampler.hpp>

#include <memory>

namespace weir {

/// in: audio samples; out: audio samples. Sound that is already as wanted passes through as it is, without a copy. The
/// input's format may change in mid-stream: what is inside is delivered first.
[[nodiscard]] std::unique_ptr<StageDefinition> resample(const ResampleOptions& options = {});

} // namespace weir
