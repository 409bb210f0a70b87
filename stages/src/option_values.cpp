#include <weir/stages/option_values.hpp>

#include <charconv>
#include <vector>

namespace weir {
namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view value, const std::string& what,
                         const std::vector<std::string>& names) {
    std::string text = std::string(option) + ": '" + std::string(value) + "' is not " + what;
    if (const auto meant = nearest(value, names))
        text += "; did you mean '" + *meant + "'?";
    throw OptionError(text, std::string(option));
}

std::vector<std::string> pixel_format_names() {
    std::vector<std::string> names;
    for (const PixelFormat format : all_pixel_formats())
        names.emplace_back(to_string(format));
    return names;
}

std::vector<std::string> sample_format_names() {
    std::vector<std::string> names;
    for (auto i = static_cast<int>(SampleFormat::u8); i <= static_cast<int>(SampleFormat::s64p); ++i)
        names.emplace_back(to_string(static_cast<SampleFormat>(i)));
    return names;
}

} // namespace

template <> void parse_value(AutoCount& into, std::string_view option, std::string_view value, const OptionText& text) {
    unsigned count = 0;
    if (value != "auto")
        parse_value(count, option, value, text);
    into = count;
}
template <> std::string value_text(const AutoCount& value, const OptionText&) {
    return value.automatic() ? "auto" : std::to_string(value.value);
}
template <> std::string value_type<AutoCount>() { return "integer or auto"; }
template <> void detail::check_value(const AutoCount& value, std::string_view option, const OptionText& text) {
    if (!value.automatic())
        check_value(value.value, option, text);
}

template <> void parse_value(PixelFormat& into, std::string_view option, std::string_view value, const OptionText&) {
    const auto format = value.empty() ? PixelFormat::none : pixel_format(value);
    if (!format)
        refuse(option, value, "a pixel format", pixel_format_names());
    into = *format;
}
template <> std::string value_text(const PixelFormat& value, const OptionText&) {
    return value == PixelFormat::none ? std::string() : std::string(to_string(value));
}
template <> std::string value_type<PixelFormat>() { return "pixel format"; }

template <> void parse_value(SampleFormat& into, std::string_view option, std::string_view value, const OptionText&) {
    const auto format = value.empty() ? SampleFormat::none : sample_format(value);
    if (!format)
        refuse(option, value, "a sample format", sample_format_names());
    into = *format;
}
template <> std::string value_text(const SampleFormat& value, const OptionText&) {
    return value == SampleFormat::none ? std::string() : std::string(to_string(value));
}
template <> std::string value_type<SampleFormat>() { return "sample format"; }

template <> void parse_value(ChannelLayout& into, std::string_view option, std::string_view value, const OptionText&) {
    std::uint32_t channels = 0;
    const char* const begin = value.data();
    const char* const end = begin + value.size();
    const auto [stopped, error] = std::from_chars(begin, end, channels);
    if (error == std::errc() && stopped == end && channels > 0 && channels <= 1024) {
        into = ChannelLayout::of(channels);
        return;
    }
    const auto layout = value.empty() ? ChannelLayout{} : channel_layout(value);
    if (!layout)
        refuse(option, value, "a channel layout such as stereo or 5.1, nor a number of channels",
               {"mono", "stereo", "5.1", "7.1"});
    into = *layout;
}
template <> std::string value_text(const ChannelLayout& value, const OptionText&) {
    return value.channels == 0 ? std::string() : to_string(value);
}
template <> std::string value_type<ChannelLayout>() { return "channel layout"; }
template <> void detail::check_value(const ChannelLayout&, std::string_view, const OptionText&) {} // every value is right

} // namespace weir
