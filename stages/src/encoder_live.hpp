#pragma once
// What can be changed in an encoder that is open.
extern "C" {
#include <libavcodec/avcodec.h>
}

#include <map>
#include <string>
#include <string_view>

namespace weir::detail {

/// Throws OptionError unless the codec, opened with these options, looks at that one again while it runs.
void require_live_option(const AVCodec& codec, const std::map<std::string, std::string>& options, std::string_view name);
/// Gives an open encoder the values of those that it looks at again. They hold from the next frame it is sent.
void change_live_options(AVCodecContext& open, const std::map<std::string, std::string>& options);

} // namespace weir::detail
