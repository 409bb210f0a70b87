#include "encoder_delay.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace weir::detail {
namespace {

using Options = std::map<std::string, std::string>;

std::string_view text(const Options& options, const char* name, std::string_view otherwise) {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : std::string_view(found->second);
}

int number(const Options& options, const char* name, int otherwise) {
    const std::string_view value = text(options, name, {});
    int result = otherwise;
    std::from_chars(value.data(), value.data() + value.size(), result);
    return result;
}

struct Preset {
    std::string_view name;
    int x264;
    int x265;
};

/// Frames of look-ahead of the presets of x264 and x265.
constexpr std::array presets{
    Preset{"ultrafast", 0, 5},  Preset{"superfast", 0, 10}, Preset{"veryfast", 10, 15}, Preset{"faster", 20, 15},
    Preset{"fast", 30, 15},     Preset{"medium", 40, 20},   Preset{"slow", 50, 25},     Preset{"slower", 60, 40},
    Preset{"veryslow", 60, 40}, Preset{"placebo", 60, 60},
};

int frames_inside(const AVCodec& codec, const Options& options) {
    const std::string_view name = codec.name;
    const std::string_view tune = text(options, "tune", {});
    const auto preset = std::find_if(presets.begin(), presets.end(),
                                     [&](const Preset& one) { return one.name == text(options, "preset", "medium"); });
    constexpr int threads = 4; // frames in the works besides
    if (name == "libx264" || name == "libx264rgb") {
        if (tune.find("zerolatency") != std::string_view::npos)
            return 0;
        const int ahead = number(options, "rc-lookahead", preset == presets.end() ? 40 : preset->x264);
        return ahead + number(options, "bf", 3) + threads;
    }
    if (name == "libx265") {
        if (tune.find("zerolatency") != std::string_view::npos)
            return 0;
        return (preset == presets.end() ? 20 : preset->x265) + number(options, "bf", 4) + threads;
    }
    if (name == "libvpx-vp9" || name == "libvpx")
        return number(options, "lag-in-frames", name == "libvpx" ? 0 : 25);
    if (name == "libaom-av1")
        return number(options, "lag-in-frames", 35);
    if (name == "libsvtav1" || name == "librav1e")
        return 60;
    return (codec.capabilities & AV_CODEC_CAP_DELAY) ? number(options, "bf", 0) + 2 : 0;
}

} // namespace

std::size_t frames_referenced(const AVCodec& codec, const Options& options, unsigned threads) {
    // Wrapped libraries copy; libavcodec's own encoders keep what they reorder, and what their frame threads work on.
    if (codec.type != AVMEDIA_TYPE_VIDEO || codec.wrapper_name)
        return 0;
    constexpr unsigned usual_threads = 4;
    std::size_t frames = 0;
    if (codec.capabilities & AV_CODEC_CAP_DELAY)
        frames += static_cast<std::size_t>(std::clamp(number(options, "bf", 0), 0, 16)) + 1;
    if (codec.capabilities & AV_CODEC_CAP_FRAME_THREADS)
        frames += threads == 0 ? usual_threads : threads;
    return frames;
}

double encoder_delay(const AVCodec& codec, const Options& options, Rational frame_rate) {
    if (codec.type == AVMEDIA_TYPE_AUDIO)
        return 0.1; // a frame or two of the longest
    const double rate = frame_rate.valid() ? static_cast<double>(frame_rate.num) / frame_rate.den : 25;
    return frames_inside(codec, options) / std::clamp(rate, 1.0, 240.0);
}

} // namespace weir::detail
