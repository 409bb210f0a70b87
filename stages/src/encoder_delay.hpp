#pragma once
// How much an encoder keeps inside.
#include <weir/pools/rational.hpp>

extern "C" {
#include <libavcodec/avcodec.h>
}

#include <cstddef>
#include <map>
#include <string>

namespace weir::detail {

/// Seconds of media that the codec holds before its first packet comes out, as its documentation has it; `frame_rate` may be
/// unknown. A guess that saves the graph from growing its links while it runs; nothing depends on it.
[[nodiscard]] double encoder_delay(const AVCodec& codec, const std::map<std::string, std::string>& options,
                                   Rational frame_rate);

/// Frames that it keeps references to, rather than copies: `threads` 0 is as many as the engine has.
[[nodiscard]] std::size_t frames_referenced(const AVCodec& codec, const std::map<std::string, std::string>& options,
                                            unsigned threads);

} // namespace weir::detail
