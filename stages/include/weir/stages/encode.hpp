#pragma once
// The stage that makes packets of pictures or sound.
#include <weir/framework/options.hpp>
#include <weir/framework/stage.hpp>
#include <weir/stages/option_values.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace weir {

struct EncodeOptions {
    enum class OnChange : std::uint8_t { convert, renegotiate, drop, fail };

    std::string codec;                            ///< FFmpeg's name of an encoder, or of a codec: "libx264", "aac"
    OnChange on_change = OnChange::convert;       ///< what becomes of frames of another format than the first
    bool strict = false;                          ///< refuse what the codec cannot take as it is
    bool experimental = false;                    ///< encoders that FFmpeg calls so
    PixelFormat pixel_format = PixelFormat::none; ///< of what is encoded; none: the input's, or the nearest to it
    AutoCount threads{};                          ///< of the codec; auto: what the engine's budget leaves
    std::map<std::string, std::string> codec_options;

    [[nodiscard]] static const OptionTable<EncodeOptions>& table();
};

/// in: video frames or audio samples, by the codec; out: packets. The codec opens with the first frame. Frames are handed over
/// without a copy. What the codec cannot take (pixel or sample format, size, channels, rate, frame length) is converted to the
/// nearest that it can, which is said once and counted.
///
/// Times are exact where the codec allows: packets are in the frames' time base (sound: 1/rate). Variable frame rates stay.
/// What a file's start and its clock's jumps need is added here (weir/stages/timeline.hpp). Pictures whose times do not
/// increase are moved by the least that makes them, and counted.
///
/// While it runs, what libx264 takes over from one frame to the next can be changed (Pipeline::set_option): `crf`, unless it
/// began with a bit rate or `qp`; with `maxrate` and `bufsize` these, and `crf_max` if it was given; `b` if its rate is
/// constant, which it is with `bufsize` and a `maxrate` that is not above `b` (and then goes with it). Nothing in the second of
/// two passes, with `nal-hrd` or `x264-params`. What FFmpeg's other encoders were opened with stays.
///
/// Throws GraphError: no such encoder, or no such option.
[[nodiscard]] std::unique_ptr<StageDefinition> encode(const EncodeOptions& options);
/// The same with options as text has them, the stage's own and the codec's: `encode("libx264", {{"preset", "veryfast"}})`.
[[nodiscard]] std::unique_ptr<StageDefinition> encode(const std::string& codec,
                                                      const std::map<std::string, std::string>& options = {});

} // namespace weir
