#pragma once
// How the pixels of a picture are stored. Names are those of FFmpeg, without byte order: all are the machine's own.
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weir {

/// The full-range "yuvj" formats of FFmpeg are not here: they are the same memory with `ColourRange::full`.
enum class PixelFormat : std::uint8_t {
    none,
    // planar YUV: 8 bit, then 9 to 16 bit in 16-bit words, low bits used
    yuv410p,
    yuv411p,
    yuv420p,
    yuv422p,
    yuv440p,
    yuv444p,
    yuv420p9,
    yuv422p9,
    yuv444p9,
    yuv420p10,
    yuv422p10,
    yuv440p10,
    yuv444p10,
    yuv420p12,
    yuv422p12,
    yuv440p12,
    yuv444p12,
    yuv420p14,
    yuv422p14,
    yuv444p14,
    yuv420p16,
    yuv422p16,
    yuv444p16,
    yuva420p,
    yuva422p,
    yuva444p,
    yuva420p9,
    yuva422p9,
    yuva444p9,
    yuva420p10,
    yuva422p10,
    yuva444p10,
    yuva422p12,
    yuva444p12,
    yuva420p16,
    yuva422p16,
    yuva444p16,
    // luma plane and one plane of interleaved chroma
    nv12,
    nv21,
    nv16,
    nv24,
    p010,
    p016,
    p210,
    p216,
    gray8,
    gray9,
    gray10,
    gray12,
    gray14,
    gray16,
    ya8,
    ya16,
    gbrp,
    gbrp9,
    gbrp10,
    gbrp12,
    gbrp14,
    gbrp16,
    gbrap,
    gbrap10,
    gbrap12,
    gbrap16,
    // packed
    rgb24,
    bgr24,
    rgba,
    bgra,
    argb,
    abgr,
    rgb0,
    bgr0,
    zero_rgb,
    zero_bgr,
    rgb48,
    bgr48,
    rgba64,
    bgra64,
    rgb565,
    bgr565,
    rgb555,
    bgr555,
    yuyv422,
    uyvy422,
    yvyu422,
    pal8,      ///< indices, and 256 entries of native-endian 0xAARRGGBB as plane 1
    monowhite, ///< 1 bit a pixel, most significant first, 0 is white
    monoblack, ///< 1 bit a pixel, most significant first, 0 is black
};

/// What a plane of a format holds.
struct PlaneInfo {
    std::uint8_t bits_per_pixel = 0; ///< of this plane's own (subsampled) pixels, padding included
    bool chroma = false;             ///< subsampled by `PixelFormatInfo::log2_chroma_w/h`
};

struct PixelFormatInfo {
    std::string_view name; ///< as FFmpeg prints it, less the byte order: "yuv420p10"
    std::uint8_t planes = 0;
    std::uint8_t depth = 0; ///< bits of the deepest component
    std::uint8_t log2_chroma_w = 0;
    std::uint8_t log2_chroma_h = 0;
    bool rgb = false;
    bool alpha = false;
    bool palette = false; ///< the last plane is a 1,024 byte palette
    std::array<PlaneInfo, 4> plane{};
};

/// Reentrant, does not allocate. `none` gives a value with 0 planes and the name "none".
[[nodiscard]] const PixelFormatInfo& describe(PixelFormat format) noexcept;

/// The format of that name; a byte-order ending ("le" on this machine) is accepted. Empty where there is none.
[[nodiscard]] std::optional<PixelFormat> pixel_format(std::string_view name) noexcept;

/// Every format but `none`.
[[nodiscard]] std::span<const PixelFormat> all_pixel_formats() noexcept;

[[nodiscard]] std::string_view to_string(PixelFormat format) noexcept;

} // namespace weir
