#include <weir/pools/pixel_format.hpp>

#include <bit>
#include <cstddef>

namespace weir {
namespace {

using Info = PixelFormatInfo;

constexpr std::uint8_t word(int depth) { return depth > 8 ? 16 : 8; }

constexpr Info planar(std::string_view name, int depth, std::uint8_t chroma_w, std::uint8_t chroma_h, bool alpha = false) {
    const PlaneInfo luma{word(depth), false};
    const PlaneInfo chroma{word(depth), true};
    return {.name = name,
            .planes = static_cast<std::uint8_t>(alpha ? 4 : 3),
            .depth = static_cast<std::uint8_t>(depth),
            .log2_chroma_w = chroma_w,
            .log2_chroma_h = chroma_h,
            .alpha = alpha,
            .plane = {luma, chroma, chroma, alpha ? luma : PlaneInfo{}}};
}

constexpr Info semiplanar(std::string_view name, int depth, std::uint8_t chroma_w, std::uint8_t chroma_h) {
    const std::uint8_t bits = word(depth);
    return {.name = name,
            .planes = 2,
            .depth = static_cast<std::uint8_t>(depth),
            .log2_chroma_w = chroma_w,
            .log2_chroma_h = chroma_h,
            .plane = {PlaneInfo{bits, false}, PlaneInfo{static_cast<std::uint8_t>(2 * bits), true}}};
}

constexpr Info planar_rgb(std::string_view name, int depth, bool alpha = false) {
    Info info = planar(name, depth, 0, 0, alpha);
    info.rgb = true;
    for (std::size_t i = 0; i < info.planes; ++i)
        info.plane[i].chroma = false;
    return info;
}

constexpr Info gray(std::string_view name, int depth) {
    return {.name = name, .planes = 1, .depth = static_cast<std::uint8_t>(depth), .plane = {PlaneInfo{word(depth), false}}};
}

constexpr Info gray_alpha(std::string_view name, int depth) {
    Info info = gray(name, depth);
    info.alpha = true;
    info.plane[0].bits_per_pixel = static_cast<std::uint8_t>(2 * word(depth));
    return info;
}

constexpr Info packed_rgb(std::string_view name, int depth, std::uint8_t bits, bool alpha = false) {
    return {.name = name,
            .planes = 1,
            .depth = static_cast<std::uint8_t>(depth),
            .rgb = true,
            .alpha = alpha,
            .plane = {PlaneInfo{bits, false}}};
}

constexpr Info packed_yuv422(std::string_view name) {
    return {.name = name, .planes = 1, .depth = 8, .log2_chroma_w = 1, .plane = {PlaneInfo{16, false}}};
}

constexpr Info bits(std::string_view name) { return {.name = name, .planes = 1, .depth = 1, .plane = {PlaneInfo{1, false}}}; }

constexpr Info palette(std::string_view name) {
    return {.name = name,
            .planes = 2,
            .depth = 8,
            .rgb = true,
            .alpha = true,
            .palette = true,
            .plane = {PlaneInfo{8, false}, PlaneInfo{32, false}}};
}

// clang-format off: a table
/// In the order of the enumeration.
constexpr std::array table{
    Info{.name = "none"},
    planar("yuv410p", 8, 2, 2), planar("yuv411p", 8, 2, 0), planar("yuv420p", 8, 1, 1), planar("yuv422p", 8, 1, 0),
    planar("yuv440p", 8, 0, 1), planar("yuv444p", 8, 0, 0),
    planar("yuv420p9", 9, 1, 1), planar("yuv422p9", 9, 1, 0), planar("yuv444p9", 9, 0, 0),
    planar("yuv420p10", 10, 1, 1), planar("yuv422p10", 10, 1, 0), planar("yuv440p10", 10, 0, 1), planar("yuv444p10", 10, 0, 0),
    planar("yuv420p12", 12, 1, 1), planar("yuv422p12", 12, 1, 0), planar("yuv440p12", 12, 0, 1), planar("yuv444p12", 12, 0, 0),
    planar("yuv420p14", 14, 1, 1), planar("yuv422p14", 14, 1, 0), planar("yuv444p14", 14, 0, 0),
    planar("yuv420p16", 16, 1, 1), planar("yuv422p16", 16, 1, 0), planar("yuv444p16", 16, 0, 0),
    planar("yuva420p", 8, 1, 1, true), planar("yuva422p", 8, 1, 0, true), planar("yuva444p", 8, 0, 0, true),
    planar("yuva420p9", 9, 1, 1, true), planar("yuva422p9", 9, 1, 0, true), planar("yuva444p9", 9, 0, 0, true),
    planar("yuva420p10", 10, 1, 1, true), planar("yuva422p10", 10, 1, 0, true), planar("yuva444p10", 10, 0, 0, true),
    planar("yuva422p12", 12, 1, 0, true), planar("yuva444p12", 12, 0, 0, true),
    planar("yuva420p16", 16, 1, 1, true), planar("yuva422p16", 16, 1, 0, true), planar("yuva444p16", 16, 0, 0, true),
    semiplanar("nv12", 8, 1, 1), semiplanar("nv21", 8, 1, 1), semiplanar("nv16", 8, 1, 0), semiplanar("nv24", 8, 0, 0),
    semiplanar("p010", 10, 1, 1), semiplanar("p016", 16, 1, 1), semiplanar("p210", 10, 1, 0), semiplanar("p216", 16, 1, 0),
    gray("gray", 8), gray("gray9", 9), gray("gray10", 10), gray("gray12", 12), gray("gray14", 14), gray("gray16", 16),
    gray_alpha("ya8", 8), gray_alpha("ya16", 16),
    planar_rgb("gbrp", 8), planar_rgb("gbrp9", 9), planar_rgb("gbrp10", 10), planar_rgb("gbrp12", 12),
    planar_rgb("gbrp14", 14), planar_rgb("gbrp16", 16),
    planar_rgb("gbrap", 8, true), planar_rgb("gbrap10", 10, true), planar_rgb("gbrap12", 12, true), planar_rgb("gbrap16", 16, true),
    packed_rgb("rgb24", 8, 24), packed_rgb("bgr24", 8, 24),
    packed_rgb("rgba", 8, 32, true), packed_rgb("bgra", 8, 32, true), packed_rgb("argb", 8, 32, true), packed_rgb("abgr", 8, 32, true),
    packed_rgb("rgb0", 8, 32), packed_rgb("bgr0", 8, 32), packed_rgb("0rgb", 8, 32), packed_rgb("0bgr", 8, 32),
    packed_rgb("rgb48", 16, 48), packed_rgb("bgr48", 16, 48), packed_rgb("rgba64", 16, 64, true), packed_rgb("bgra64", 16, 64, true),
    packed_rgb("rgb565", 6, 16), packed_rgb("bgr565", 6, 16), packed_rgb("rgb555", 5, 16), packed_rgb("bgr555", 5, 16),
    packed_yuv422("yuyv422"), packed_yuv422("uyvy422"), packed_yuv422("yvyu422"),
    palette("pal8"), bits("monow"), bits("monob"),
};
// clang-format on
static_assert(table.size() == static_cast<std::size_t>(PixelFormat::monoblack) + 1);
static_assert(table[static_cast<std::size_t>(PixelFormat::nv12)].name == "nv12");
static_assert(table[static_cast<std::size_t>(PixelFormat::rgb24)].name == "rgb24");
static_assert(table[static_cast<std::size_t>(PixelFormat::pal8)].name == "pal8");

constexpr auto every_format = [] {
    std::array<PixelFormat, table.size() - 1> all{};
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<PixelFormat>(i + 1);
    return all;
}();

/// Whether FFmpeg's name of it ends in the byte order: a component, or a pixel of 565 and 555, is a 16-bit word.
constexpr bool has_byte_order(const Info& info) { return info.depth > 8 || (info.rgb && info.depth < 8); }

} // namespace

const PixelFormatInfo& describe(PixelFormat format) noexcept {
    const auto index = static_cast<std::size_t>(format);
    return table[index < table.size() ? index : 0];
}

std::optional<PixelFormat> pixel_format(std::string_view name) noexcept {
    constexpr std::string_view order = std::endian::native == std::endian::little ? "le" : "be";
    for (const PixelFormat format : every_format) {
        const Info& info = describe(format);
        if (!name.starts_with(info.name))
            continue;
        const std::string_view rest = name.substr(info.name.size());
        if (rest.empty() || (rest == order && has_byte_order(info)))
            return format;
    }
    return std::nullopt;
}

std::span<const PixelFormat> all_pixel_formats() noexcept { return every_format; }

std::string_view to_string(PixelFormat format) noexcept { return describe(format).name; }

} // namespace weir
