#include <weir/pools/video_format.hpp>

#include "hash.hpp"

#include <fmt/format.h>

#include <charconv>

namespace weir {
namespace {

/// Takes a decimal number off the front of `text`.
std::optional<std::uint32_t> take_number(std::string_view& text) noexcept {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{})
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool take_char(std::string_view& text, char expected) noexcept {
    if (!text.starts_with(expected))
        return false;
    text.remove_prefix(1);
    return true;
}

// The code points of ITU-T H.273 that occur; others are shown as numbers.

std::string primaries_name(int code) {
    switch (code) {
    case 1: return "bt709";
    case 4: return "bt470m";
    case 5: return "bt470bg";
    case 6: return "smpte170m";
    case 7: return "smpte240m";
    case 8: return "film";
    case 9: return "bt2020";
    case 10: return "smpte428";
    case 11: return "smpte431";
    case 12: return "smpte432";
    case 22: return "ebu3213";
    default: return fmt::format("{}", code);
    }
}

std::string transfer_name(int code) {
    switch (code) {
    case 1: return "bt709";
    case 4: return "gamma22";
    case 5: return "gamma28";
    case 6: return "smpte170m";
    case 7: return "smpte240m";
    case 8: return "linear";
    case 9: return "log100";
    case 10: return "log316";
    case 11: return "iec61966-2-4";
    case 12: return "bt1361e";
    case 13: return "iec61966-2-1";
    case 14: return "bt2020-10";
    case 15: return "bt2020-12";
    case 16: return "smpte2084";
    case 17: return "smpte428";
    case 18: return "arib-std-b67";
    default: return fmt::format("{}", code);
    }
}

std::string matrix_name(int code) {
    switch (code) {
    case 0: return "gbr";
    case 1: return "bt709";
    case 4: return "fcc";
    case 5: return "bt470bg";
    case 6: return "smpte170m";
    case 7: return "smpte240m";
    case 8: return "ycgco";
    case 9: return "bt2020nc";
    case 10: return "bt2020c";
    case 14: return "ictcp";
    default: return fmt::format("{}", code);
    }
}

std::string location_name(int code) {
    constexpr std::array names{"left", "centre", "top left", "top", "bottom left", "bottom"};
    const auto index = static_cast<std::size_t>(code) - 1;
    return index < names.size() ? names[index] : fmt::format("{}", code);
}

} // namespace

std::string to_string(const VideoFormat& format) {
    return fmt::format("{}x{} {}", format.width, format.height, to_string(format.pixel_format));
}

std::optional<VideoFormat> video_format(std::string_view text) noexcept {
    const auto width = take_number(text);
    if (!width || !take_char(text, 'x'))
        return std::nullopt;
    const auto height = take_number(text);
    if (!height || !take_char(text, ' '))
        return std::nullopt;
    const auto pixels = text == to_string(PixelFormat::none) ? std::optional{PixelFormat::none} : pixel_format(text);
    if (!pixels)
        return std::nullopt;
    return VideoFormat{*width, *height, *pixels};
}

std::string to_string(const Colour& colour) {
    std::string text;
    const auto add = [&text](std::string_view name, std::string_view value) {
        text += fmt::format("{}{}{}{}", text.empty() ? "" : ", ", name, name.empty() ? "" : " ", value);
    };
    if (colour.range != ColourRange::unspecified)
        add("", colour.range == ColourRange::full ? "full" : "limited");
    if (colour.primaries != 2)
        add("primaries", primaries_name(colour.primaries));
    if (colour.transfer != 2)
        add("transfer", transfer_name(colour.transfer));
    if (colour.matrix != 2)
        add("matrix", matrix_name(colour.matrix));
    if (colour.chroma_location != 0)
        add("chroma", location_name(colour.chroma_location));
    return text.empty() ? "unspecified" : text;
}

} // namespace weir

std::size_t std::hash<weir::VideoFormat>::operator()(const weir::VideoFormat& f) const noexcept {
    return weir::detail::hash_of(f.width, f.height, static_cast<std::uint32_t>(f.pixel_format));
}
