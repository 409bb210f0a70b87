#include "encoder_live.hpp"

#include <weir/framework/options.hpp>

extern "C" {
#include <libavutil/opt.h>
}

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace weir::detail {
namespace {

using Options = std::map<std::string, std::string>;

/// FFmpeg does not mark them. libx264.c looks at these before each frame; x264 keeps to the kind of rate control it began with,
/// and to its qp.
std::vector<std::string_view> live_options(const AVCodec& codec, const Options& options) {
    std::vector<std::string_view> names;
    if (!std::string_view(codec.name).starts_with("libx264"))
        return names;
    if (options.contains("crf"))
        names.emplace_back("crf");
    else if (!options.contains("qp"))
        names.emplace_back(options.contains("b") ? "b" : "crf");
    if (options.contains("crf_max"))
        names.emplace_back("crf_max");
    if (options.contains("maxrate") && options.contains("bufsize")) {
        names.emplace_back("maxrate");
        names.emplace_back("bufsize");
    }
    return names;
}

} // namespace

void require_live_option(const AVCodec& codec, const Options& options, std::string_view name) {
    const std::vector<std::string_view> names = live_options(codec, options);
    if (std::find(names.begin(), names.end(), name) != names.end())
        return;
    throw OptionError(fmt::format("{} cannot be changed while the stage runs ({} {})", name, codec.name,
                                  names.empty() ? std::string("looks at no option again")
                                                : fmt::format("as it was begun looks again at {}", fmt::join(names, ", "))),
                      std::string(name));
}

void change_live_options(AVCodecContext& open, const Options& options) {
    for (const std::string_view name : live_options(*open.codec, options))
        if (const auto option = options.find(std::string(name)); option != options.end()) {
            const bool own = av_opt_find(open.priv_data, option->first.c_str(), nullptr, 0, 0);
            // It was taken by another context of this codec: a value that cannot be set does not come here.
            av_opt_set(own ? open.priv_data : &open, option->first.c_str(), option->second.c_str(), 0);
        }
}

} // namespace weir::detail
