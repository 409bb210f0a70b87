#pragma once
// A source of sound: a sine for each channel.
#include <weir/framework/options.hpp>
#include <weir/framework/stage.hpp>
#include <weir/stages/option_values.hpp>

#include <cstdint>
#include <memory>

namespace weir {

struct ToneOptions {
    std::uint32_t rate = 48000; ///< Hz
    ChannelLayout layout = ChannelLayout::of(2);
    SampleFormat format = SampleFormat::fltp;
    double frequency = 440;     ///< of the first channel, Hz; each further one is a quarter of it higher
    double volume = 0.25;       ///< of full scale
    double duration = 0;        ///< seconds; 0: without end
    std::int64_t samples = 0;   ///< how many of each channel; 0: as `duration` says
    std::uint32_t frame = 1024; ///< samples in a piece; the last may be shorter

    [[nodiscard]] static const OptionTable<ToneOptions>& table();
};

/// out: audio samples with times from 0 in 1/rate. The sound is computed from each sample's own time, so that it is the same
/// however it is cut.
[[nodiscard]] std::unique_ptr<StageDefinition> tone(const ToneOptions& options = {});

} // namespace weir
