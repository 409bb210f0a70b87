#include "encoder_live.hpp"

#include <weir/framework/options.hpp>

#include "encoder.hpp"

extern "C" {
#include <libavutil/opt.h>
}

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace weir::detail {
namespace {

using Options = std::map<std::string, std::string>;
using Names = std::vector<std::string_view>;

bool is_x264(const AVCodec& codec) noexcept { return std::string_view(codec.name).starts_with("libx264"); }

/// One of the codec's own options.
double number(const AVCodecContext& context, const char* name) noexcept {
    double value = 0;
    av_opt_get_double(context.priv_data, name, 0, &value);
    return value;
}

/// FFmpeg does not mark them. libx264.c looks at these before each frame and does not say what x264 makes of them; x264 keeps
/// to the kind of rate control it began with, to its qp, to the bit rate unless that is constant, and with NAL HRD to its
/// buffer. What `x264-params` says comes in FFmpeg's way there.
Names live_options(const AVCodecContext& begun, const Options& options) {
    if (!is_x264(*begun.codec) || options.contains("x264-params") || options.contains("x264opts") ||
        (begun.flags & AV_CODEC_FLAG_PASS2) || number(begun, "nal-hrd") > 0)
        return {};
    const bool by_quality = number(begun, "crf") >= 0 || begun.bit_rate == 0;
    if (number(begun, "crf") < 0 && number(begun, "qp") >= 0)
        return {};
    constexpr int least = 1000; // x264 counts in thousands
    const bool buffered = begun.rc_max_rate >= least && begun.rc_buffer_size >= least;
    Names names;
    if (by_quality)
        names.emplace_back("crf");
    if (by_quality && buffered && number(begun, "crf_max") >= 0)
        names.emplace_back("crf_max");
    if (buffered) {
        const bool constant = !by_quality && begun.bit_rate >= begun.rc_max_rate;
        names.emplace_back(constant ? "b" : "maxrate");
        names.emplace_back("bufsize");
    }
    return names;
}

} // namespace

void set_live_option(const AVCodec& codec, Options& options, std::string_view name, std::string_view value) {
    const Names names = live_options(*encoder_context(codec, options), options);
    if (std::find(names.begin(), names.end(), name) == names.end())
        throw OptionError(fmt::format("{} cannot be changed while the stage runs ({} {})", name, codec.name,
                                      names.empty() ? std::string("as it was begun looks at no option again")
                                                    : fmt::format("as it was begun looks again at {}", fmt::join(names, ", "))),
                          std::string(name));
    Options changed = options;
    changed[std::string(name)] = value;
    if (name == "b")
        changed["maxrate"] = value;                                      // constant it stays
    const av::CodecContextPtr context = encoder_context(codec, changed); // throws as where it is made
    if (live_options(*context, changed) != names || (name == "crf" && number(*context, "crf") < 0))
        throw OptionError(fmt::format("{}: {} cannot go to {} while it runs: it keeps the kind of rate control it began with",
                                      name, codec.name, value),
                          std::string(name));
    options = std::move(changed);
}

void change_live_options(AVCodecContext& open, const Options& options) {
    if (!is_x264(*open.codec))
        return;
    for (const char* name : {"b", "crf", "crf_max", "maxrate", "bufsize"})
        if (const auto option = options.find(name); option != options.end()) {
            const bool own = av_opt_find(open.priv_data, name, nullptr, 0, 0);
            // It was taken by another context of this codec: a value that cannot be set does not come here.
            av_opt_set(own ? open.priv_data : &open, name, option->second.c_str(), 0);
        }
}

} // namespace weir::detail
