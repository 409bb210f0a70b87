#pragma once
// The stage that makes pictures and sound of packets.
#include <weir/framework/options.hpp>
#include <weir/framework/stage.hpp>
#include <weir/stages/option_values.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace weir {

struct DecodeOptions {
    enum class OnError : std::uint8_t { skip, fail };

    AutoCount threads{}; ///< of the codec; auto: what the engine's budget leaves
    OnError on_error = OnError::skip;
    std::string codec;                 ///< FFmpeg's name of a decoder; empty: the usual one for the stream
    std::int64_t max_pixels = 1 << 28; ///< of a picture; larger ones are errors
    std::map<std::string, std::string> codec_options;

    [[nodiscard]] static const OptionTable<DecodeOptions>& table();
};

/// in: packets; out: video frames or audio samples, by what comes in. Pictures and sound lie in the registry's pools, or where
/// a codec that has its own memory put them; nothing is copied. Pixel formats without a name of ours are converted to the
/// nearest one, which is said and counted. Timestamps are the packets', exactly.
///
/// Packets that cannot be decoded are counted, said, and skipped; damaged pictures are passed on. If there was not one good
/// packet, that is an error.
[[nodiscard]] std::unique_ptr<StageDefinition> decode(DecodeOptions options = {});

} // namespace weir
