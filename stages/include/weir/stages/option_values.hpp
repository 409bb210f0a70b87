#pragma once
// How the options of media stages are read from text and written: pixel and sample formats, channel layouts, counts.
#include <weir/framework/options.hpp>
#include <weir/pools/audio_format.hpp>
#include <weir/pools/pixel_format.hpp>

#include <string>
#include <string_view>

namespace weir {

/// A number of threads or of things at once; 0 is "auto": as many as there is use for.
struct AutoCount {
    unsigned value = 0;

    constexpr AutoCount() = default;
    constexpr AutoCount(unsigned count) noexcept : value(count) {}
    [[nodiscard]] constexpr bool automatic() const noexcept { return value == 0; }
    friend bool operator==(const AutoCount&, const AutoCount&) = default;
};

/// "4", "auto".
template <> void parse_value(AutoCount& into, std::string_view option, std::string_view value, const OptionText& text);
template <> std::string value_text(const AutoCount& value, const OptionText& text);
template <> std::string value_type<AutoCount>();
template <> void detail::check_value(const AutoCount& value, std::string_view option, const OptionText& text);

/// "yuv420p10"; "" is none. A wrong name is answered with the nearest right one.
template <> void parse_value(PixelFormat& into, std::string_view option, std::string_view value, const OptionText& text);
template <> std::string value_text(const PixelFormat& value, const OptionText& text);
template <> std::string value_type<PixelFormat>();

/// "fltp"; "" is none.
template <> void parse_value(SampleFormat& into, std::string_view option, std::string_view value, const OptionText& text);
template <> std::string value_text(const SampleFormat& value, const OptionText& text);
template <> std::string value_type<SampleFormat>();

/// "stereo", "5.1", or a number of channels; "" is none.
template <> void parse_value(ChannelLayout& into, std::string_view option, std::string_view value, const OptionText& text);
template <> std::string value_text(const ChannelLayout& value, const OptionText& text);
template <> std::string value_type<ChannelLayout>();
template <> void detail::check_value(const ChannelLayout& value, std::string_view option, const OptionText& text);

} // namespace weir
