#include <weir/pools/audio_format.hpp>

#include "hash.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace weir {
namespace {

struct FormatInfo {
    std::string_view name;
    std::uint32_t bytes;
};

/// In the order of the enumeration; the planar half repeats the first.
constexpr std::array formats{FormatInfo{"none", 0}, FormatInfo{"u8", 1},   FormatInfo{"s16", 2},  FormatInfo{"s32", 4},
                             FormatInfo{"flt", 4},  FormatInfo{"dbl", 8},  FormatInfo{"s64", 8},  FormatInfo{"u8p", 1},
                             FormatInfo{"s16p", 2}, FormatInfo{"s32p", 4}, FormatInfo{"fltp", 4}, FormatInfo{"dblp", 8},
                             FormatInfo{"s64p", 8}};
static_assert(formats.size() == static_cast<std::size_t>(SampleFormat::s64p) + 1);

constexpr const FormatInfo& info(SampleFormat format) {
    const auto index = static_cast<std::size_t>(format);
    return formats[index < formats.size() ? index : 0];
}

struct LayoutName {
    std::string_view name;
    ChannelLayout layout;
};

// clang-format off: a table
/// FFmpeg's names and masks, in its order: the first of each number of channels is the usual one.
constexpr std::array layouts{
    LayoutName{"mono", {1, 0x4}},        LayoutName{"stereo", {2, 0x3}},       LayoutName{"2.1", {3, 0xb}},
    LayoutName{"3.0", {3, 0x7}},         LayoutName{"3.0(back)", {3, 0x103}},  LayoutName{"4.0", {4, 0x107}},
    LayoutName{"quad", {4, 0x33}},       LayoutName{"quad(side)", {4, 0x603}}, LayoutName{"3.1", {4, 0xf}},
    LayoutName{"5.0", {5, 0x37}},        LayoutName{"5.0(side)", {5, 0x607}},  LayoutName{"4.1", {5, 0x10f}},
    LayoutName{"5.1", {6, 0x3f}},        LayoutName{"5.1(side)", {6, 0x60f}},  LayoutName{"6.0", {6, 0x707}},
    LayoutName{"6.0(front)", {6, 0x6c3}}, LayoutName{"hexagonal", {6, 0x137}}, LayoutName{"6.1", {7, 0x70f}},
    LayoutName{"6.1(back)", {7, 0x13f}}, LayoutName{"6.1(front)", {7, 0x6cb}}, LayoutName{"7.0", {7, 0x637}},
    LayoutName{"7.0(front)", {7, 0x6c7}}, LayoutName{"7.1", {8, 0x63f}},       LayoutName{"7.1(wide)", {8, 0xff}},
    LayoutName{"7.1(wide-side)", {8, 0x6cf}}, LayoutName{"octagonal", {8, 0x737}},
};
// clang-format on

constexpr std::string_view channels_ending = " channels";

} // namespace

std::string_view to_string(SampleFormat format) noexcept { return info(format).name; }

std::optional<SampleFormat> sample_format(std::string_view name) noexcept {
    for (std::size_t i = 1; i < formats.size(); ++i)
        if (formats[i].name == name)
            return static_cast<SampleFormat>(i);
    return std::nullopt;
}

std::uint32_t bytes_per_sample(SampleFormat format) noexcept { return info(format).bytes; }

bool is_planar(SampleFormat format) noexcept { return format >= SampleFormat::u8p && format <= SampleFormat::s64p; }

ChannelLayout ChannelLayout::of(std::uint32_t channels) noexcept {
    for (const LayoutName& known : layouts)
        if (known.layout.channels == channels)
            return known.layout;
    return {channels, 0};
}

std::string to_string(const ChannelLayout& layout) {
    for (const LayoutName& known : layouts)
        if (known.layout == layout)
            return std::string(known.name);
    return fmt::format("{}{}", layout.channels, channels_ending);
}

std::optional<ChannelLayout> channel_layout(std::string_view name) noexcept {
    for (const LayoutName& known : layouts)
        if (known.name == name)
            return known.layout;
    if (!name.ends_with(channels_ending))
        return std::nullopt;
    name.remove_suffix(channels_ending.size());
    std::uint32_t channels = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), channels);
    if (error != std::errc{} || end != name.data() + name.size() || channels == 0)
        return std::nullopt;
    return ChannelLayout{channels, 0};
}

std::string to_string(const AudioFormat& format) {
    return fmt::format("{} Hz {} {}", format.sample_rate, to_string(format.layout), to_string(format.sample_format));
}

} // namespace weir

std::size_t std::hash<weir::ChannelLayout>::operator()(const weir::ChannelLayout& layout) const noexcept {
    return weir::detail::hash_of(layout.channels, layout.mask);
}

std::size_t std::hash<weir::AudioFormat>::operator()(const weir::AudioFormat& f) const noexcept {
    return weir::detail::hash_of(static_cast<std::uint32_t>(f.sample_format), f.layout.channels, f.layout.mask, f.sample_rate);
}
