#include <weir/pools/errors.hpp>
#include <weir/pools/layout.hpp>

#include "plane_geometry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace weir {
namespace {

constexpr std::uint32_t largest_side = 32768;
constexpr std::uint64_t most_pixels = std::uint64_t{1} << 30;
constexpr std::uint32_t most_channels = 1024;
constexpr std::size_t largest_sound = std::size_t{1} << 31;
constexpr std::size_t sound_alignment = 64;

constexpr std::size_t page = 4096; // rows so far apart compete for the same sets of a first-level cache

constexpr std::size_t round_up(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

void check(const VideoFormat& format, const BufferRequirements& requirements) {
    if (describe(format.pixel_format).planes == 0)
        throw FormatError(fmt::format("a picture of {}x{} needs a pixel format", format.width, format.height));
    if (format.width == 0 || format.height == 0)
        throw FormatError(fmt::format("a picture of {} has no pixels", to_string(format)));
    if (format.width > largest_side || format.height > largest_side ||
        std::uint64_t{format.width} * format.height > most_pixels)
        throw FormatError(fmt::format("a picture of {} is too large: at most {} a side and {} pixels", to_string(format),
                                      largest_side, most_pixels));
    if (!std::has_single_bit(requirements.alignment) || requirements.alignment > page)
        throw FormatError(fmt::format("an alignment of {} is not a power of two from 1 to {}", requirements.alignment, page));
}

/// Strides grow together: each is `unit * factor`, where the factor is common to the planes.
struct StrideUnits {
    std::array<std::size_t, 4> unit{};
    std::size_t factor = 1;
};

/// The smallest common steps of the strides: exact in the ratio that subsampling gives them, multiples of the alignment.
StrideUnits stride_units(const PixelFormatInfo& info, std::size_t alignment) {
    StrideUnits strides;
    if (info.planes == 1 || info.palette) {
        strides.unit[0] = alignment;
        return strides;
    }
    // A step of so many pixels of luma: every plane's share of it is a multiple of the alignment.
    const std::size_t luma_pixels = alignment << info.log2_chroma_w;
    for (std::uint32_t i = 0; i < info.planes; ++i) {
        const std::size_t own = info.plane[i].chroma ? alignment : luma_pixels;
        strides.unit[i] = own * info.plane[i].bits_per_pixel / 8;
    }
    // Pixels of more than a byte would make the step larger than it need be: halve while all stay whole pixels and aligned.
    const std::size_t whole = std::size_t{info.plane[0].bits_per_pixel} / 8 << info.log2_chroma_w;
    const auto halves = [&] {
        return strides.unit[0] % (2 * whole) == 0 && std::all_of(strides.unit.begin(), strides.unit.begin() + info.planes,
                                                                 [&](std::size_t unit) { return unit % (2 * alignment) == 0; });
    };
    while (halves())
        for (std::size_t& unit : strides.unit)
            unit /= 2;
    return strides;
}

/// What rows and planes must be aligned to even if nobody asks: their pixels are read as words.
std::size_t word_bytes(const PixelFormatInfo& info) {
    if (info.palette)
        return 4;
    return info.depth > 8 || (info.rgb && info.depth < 8) ? 2 : 1;
}

} // namespace

namespace detail {

std::uint32_t plane_width(const PixelFormatInfo& info, std::uint32_t plane, std::uint32_t width) noexcept {
    if (info.plane[plane].chroma)
        return (width + (1u << info.log2_chroma_w) - 1) >> info.log2_chroma_w;
    if (info.planes == 1 && info.log2_chroma_w) // packed: two pixels share their chroma, half a pair does not exist
        return (width + 1) & ~1u;
    return width;
}

std::uint32_t plane_rows(const PixelFormatInfo& info, std::uint32_t plane, std::uint32_t height) noexcept {
    return info.plane[plane].chroma ? (height + (1u << info.log2_chroma_h) - 1) >> info.log2_chroma_h : height;
}

std::size_t row_bytes(const PixelFormatInfo& info, std::uint32_t plane, std::uint32_t width) noexcept {
    return (std::size_t{plane_width(info, plane, width)} * info.plane[plane].bits_per_pixel + 7) / 8;
}

} // namespace detail

PlaneLayout packed_plane(const VideoFormat& format, std::uint32_t index) noexcept {
    const PixelFormatInfo& info = describe(format.pixel_format);
    if (index >= info.planes)
        return {};
    PlaneLayout plane;
    if (info.palette && index == 1) {
        plane.row_bytes = detail::palette_bytes;
        plane.rows = 1;
    } else {
        plane.row_bytes = detail::row_bytes(info, index, format.width);
        plane.rows = detail::plane_rows(info, index, format.height);
    }
    plane.stride = static_cast<std::ptrdiff_t>(plane.row_bytes);
    return plane;
}

std::size_t packed_bytes(const VideoFormat& format) noexcept {
    std::size_t bytes = 0;
    for (std::uint32_t i = 0; i < describe(format.pixel_format).planes; ++i) {
        const PlaneLayout plane = packed_plane(format, i);
        bytes += plane.row_bytes * plane.rows;
    }
    return bytes;
}

FrameLayout frame_layout(const VideoFormat& format, BufferRequirements requirements) {
    check(format, requirements);
    const PixelFormatInfo& info = describe(format.pixel_format);
    const std::size_t alignment = std::max<std::size_t>(requirements.alignment, word_bytes(info));
    StrideUnits strides = stride_units(info, alignment);

    FrameLayout layout{.format = format, .requirements = requirements, .planes = info.planes};
    const std::uint32_t picture_planes = info.palette ? 1 : info.planes;
    for (std::uint32_t i = 0; i < info.planes; ++i) {
        layout.plane[i] = packed_plane(format, i);
        if (i < picture_planes)
            strides.factor = std::max(strides.factor, (layout.plane[i].row_bytes + strides.unit[i] - 1) / strides.unit[i]);
    }
    // An odd factor adds no power of two to a stride, so one more step is enough. A unit that is itself a multiple of the
    // page leaves no choice: what was asked for (alignment, exact subsampling) goes before what is merely faster.
    const auto collides = [&](std::uint32_t i) {
        return strides.unit[i] % page != 0 && strides.unit[i] * strides.factor % page == 0;
    };
    for (std::uint32_t i = 0; i < picture_planes; ++i)
        if (collides(i)) {
            ++strides.factor;
            break;
        }

    std::size_t offset = 0;
    for (std::uint32_t i = 0; i < info.planes; ++i) {
        PlaneLayout& plane = layout.plane[i];
        const std::size_t stride = i < picture_planes ? strides.unit[i] * strides.factor : round_up(plane.row_bytes, alignment);
        plane.offset = round_up(offset, alignment);
        plane.stride = static_cast<std::ptrdiff_t>(stride);
        offset = plane.offset + stride * plane.rows;
    }
    layout.bytes = offset + requirements.padding;
    return layout;
}

SampleLayout sample_layout(const AudioFormat& format, std::uint32_t capacity) {
    const std::uint32_t channels = format.layout.channels;
    const std::size_t sample = bytes_per_sample(format.sample_format);
    if (sample == 0)
        throw FormatError("sound needs a sample format");
    if (channels == 0 || channels > most_channels)
        throw FormatError(fmt::format("sound of {} channels: from 1 to {} can be stored", channels, most_channels));
    if (capacity == 0)
        throw FormatError("a sample buffer must hold at least one sample");
    const bool planar = is_planar(format.sample_format);
    SampleLayout layout{
        .sample_format = format.sample_format, .channels = channels, .capacity = capacity, .planes = planar ? channels : 1};
    layout.plane_bytes = round_up(sample * capacity * (planar ? 1 : channels), sound_alignment);
    layout.bytes = layout.plane_bytes * layout.planes;
    if (layout.bytes > largest_sound)
        throw FormatError(fmt::format("{} samples of {} channels {} need more than {} bytes", capacity, channels,
                                      to_string(format.sample_format), largest_sound));
    return layout;
}

} // namespace weir
