#pragma once
// What can be changed in an encoder that is open.
extern "C" {
#include <libavcodec/avcodec.h>
}

#include <map>
#include <string>
#include <string_view>

namespace weir::detail {

/// Changes one of the options with which the codec was opened, and what goes with it. Throws OptionError unless the codec looks
/// at that one again while it runs and can go to that value.
void set_live_option(const AVCodec& codec, std::map<std::string, std::string>& options, std::string_view name,
                     std::string_view value);
/// Gives an open encoder the values of those that it looks at again. They hold from the next frame it is sent.
void change_live_options(AVCodecContext& open, const std::map<std::string, std::string>& options);

} // namespace weir::detail
