#include <weir/pools/errors.hpp>
#include <weir/pools/pooled_frame.hpp>

#include "plane_geometry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace weir {
namespace {

const PixelFormatInfo& info_of(const detail::Block& block) { return describe(block.frame->format.pixel_format); }

bool inside(const Crop& part, std::uint32_t width, std::uint32_t height) {
    return part.x <= width && part.width <= width - part.x && part.y <= height && part.height <= height - part.y;
}

Plane visible_plane(const detail::Block& block, const Crop& crop, std::uint32_t index) {
    const PixelFormatInfo& info = info_of(block);
    assert(index < info.planes);
    assert(inside(crop, block.frame->format.width, block.frame->format.height));
    const detail::PlanePointer& memory = block.plane[index];
    if (info.palette && index == 1)
        return {memory.data, memory.stride, detail::palette_bytes, 1};
    const PlaneInfo& plane = info.plane[index];
    const std::uint32_t x = plane.chroma ? crop.x >> info.log2_chroma_w : crop.x;
    const std::uint32_t y = plane.chroma ? crop.y >> info.log2_chroma_h : crop.y;
    return {memory.data + memory.stride * static_cast<std::ptrdiff_t>(y) + std::size_t{x} * plane.bits_per_pixel / 8,
            memory.stride, detail::row_bytes(info, index, crop.width), detail::plane_rows(info, index, crop.height)};
}

/// Where the left edge of a part may lie.
std::uint32_t column_step(const PixelFormatInfo& info) {
    const std::uint32_t chroma = 1u << info.log2_chroma_w;
    return info.plane[0].bits_per_pixel < 8 ? std::max(chroma, 8u / info.plane[0].bits_per_pixel) : chroma;
}

} // namespace

VideoFormat PooledFrame::format() const noexcept {
    return {header_.crop.width, header_.crop.height, layout().format.pixel_format};
}

ConstPlane PooledFrame::plane(std::uint32_t index) const noexcept { return visible_plane(*block_.get(), header_.crop, index); }

Plane PooledFrame::writable_plane(std::uint32_t index) noexcept {
    assert(unique());
    return visible_plane(*block_.get(), header_.crop, index);
}

PooledFrame PooledFrame::view(Crop part) const {
    const Crop& whole = header_.crop;
    if (part.width == 0 || part.height == 0 || !inside(part, whole.width, whole.height))
        throw std::out_of_range(fmt::format("a view of {}x{} at {},{} is not inside a picture of {}x{}", part.width,
                                            part.height, part.x, part.y, whole.width, whole.height));
    part.x += whole.x;
    part.y += whole.y;
    const PixelFormatInfo& info = info_of(*block_.get());
    if (part.x % column_step(info) != 0 || part.y % (1u << info.log2_chroma_h) != 0)
        throw std::out_of_range(
            fmt::format("a view of {} cannot begin at {},{}: not on whole chroma pixels or bytes", info.name, part.x, part.y));
    PooledFrame view = *this;
    view.header_.crop = part;
    return view;
}

std::size_t PooledFrame::aligned_to() const noexcept {
    constexpr std::uintptr_t most = 4096;
    std::uintptr_t bits = most;
    for (std::uint32_t i = 0; i < planes(); ++i) {
        const ConstPlane part = plane(i);
        bits |= reinterpret_cast<std::uintptr_t>(part.data) | static_cast<std::uintptr_t>(part.stride);
    }
    return std::size_t{1} << std::countr_zero(bits);
}

std::string to_string(const PooledFrame& frame) {
    if (!frame)
        return "no frame";
    const FrameHeader& header = frame.header();
    if (header.pts == no_time)
        return to_string(frame.format()) + " without pts";
    if (!header.time_base.valid())
        return fmt::format("{} pts {}", to_string(frame.format()), header.pts);
    return fmt::format("{} pts {:.6g} s", to_string(frame.format()), seconds(header.pts, header.time_base));
}

void copy_pixels(const PooledFrame& from, PooledFrame& to) {
    if (!from || !to || from.format() != to.format() || !to.unique())
        throw FormatError(fmt::format("cannot copy the pixels of {} into {}{}", to_string(from), to_string(to),
                                      to && !to.unique() ? ", which is shared" : ""));
    for (std::uint32_t i = 0; i < from.planes(); ++i) {
        const ConstPlane source = from.plane(i);
        const Plane target = to.writable_plane(i);
        for (std::uint32_t y = 0; y < source.rows; ++y)
            std::memcpy(target.row(y), source.row(y), source.row_bytes);
    }
}

} // namespace weir
