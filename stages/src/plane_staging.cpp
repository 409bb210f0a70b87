#include "plane_staging.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace weir::detail {

AlignedBytes aligned_bytes(std::size_t count) {
    return AlignedBytes(static_cast<std::byte*>(::operator new[](count, std::align_val_t{64})));
}

PlaneStaging::PlaneStaging(const VideoFormat& format, unsigned rows, bool always)
    : picture_(zimg_picture(format)), always_(always) {
    const PixelFormatInfo& info = describe(format.pixel_format);
    const unsigned mask = zimg_select_buffer_mask(rows);
    for (std::uint32_t i = 0; i < picture_.planes; ++i) {
        Part& part = parts_[i];
        part.place = picture_.plane[i];
        part.log2_w = part.place.chroma ? info.log2_chroma_w : 0u;
        part.log2_h = part.place.chroma ? info.log2_chroma_h : 0u;
        part.width = (format.width + (1u << part.log2_w) - 1) >> part.log2_w;
        part.height = (format.height + (1u << part.log2_h) - 1) >> part.log2_h;
        const std::size_t row_bytes = std::size_t{picture_.width >> part.log2_w} * picture_.bytes;
        part.ring_stride = static_cast<std::ptrdiff_t>((row_bytes + 63) / 64 * 64);
        // A ring as high as the picture needs no mask.
        if (mask != ZIMG_BUFFER_MAX && mask + 1 < picture_.height)
            part.ring_mask = mask >> part.log2_h;
    }
}

void PlaneStaging::decide(Part& part, const ConstPlane& plane, std::size_t alignment) {
    part.read = plane.data;
    part.stride = plane.stride;
    const bool whole = (picture_.width >> part.log2_w) == part.width && (picture_.height >> part.log2_h) == part.height;
    const bool room = (plane.stride < 0 ? -plane.stride : plane.stride) >= part.ring_stride;
    part.staged = always_ || part.place.step != 1 || !whole || alignment < 64 || !room;
    staged_ = staged_ || part.staged;
    if (part.staged && !part.ring) {
        const std::size_t rows =
            part.ring_mask == ZIMG_BUFFER_MAX ? picture_.height >> part.log2_h : part.ring_mask + std::size_t{1};
        part.ring = aligned_bytes(zimg_margin + rows * static_cast<std::size_t>(part.ring_stride));
    }
}

void PlaneStaging::bind_source(const PooledFrame& frame) {
    const std::size_t alignment = frame.aligned_to();
    staged_ = false;
    for (std::uint32_t i = 0; i < picture_.planes; ++i)
        decide(parts_[i], frame.plane(parts_[i].place.frame_plane), alignment);
}

void PlaneStaging::bind_target(PooledFrame& frame) {
    const std::size_t alignment = frame.aligned_to();
    staged_ = picture_.high_bits != 0;
    for (std::uint32_t i = 0; i < picture_.planes; ++i) {
        const Plane plane = frame.writable_plane(parts_[i].place.frame_plane);
        decide(parts_[i], plane, alignment);
        parts_[i].write = plane.data;
    }
}

zimg_image_buffer_const PlaneStaging::source() const noexcept {
    zimg_image_buffer_const buffer{};
    buffer.version = ZIMG_API_VERSION;
    for (std::uint32_t i = 0; i < picture_.planes; ++i) {
        const Part& part = parts_[i];
        if (part.staged)
            buffer.plane[i] = {part.ring_row(0), part.ring_stride, part.ring_mask};
        else
            buffer.plane[i] = {part.read, part.stride, ZIMG_BUFFER_MAX};
    }
    return buffer;
}

zimg_image_buffer PlaneStaging::target() const noexcept {
    zimg_image_buffer buffer{};
    buffer.version = ZIMG_API_VERSION;
    for (std::uint32_t i = 0; i < picture_.planes; ++i) {
        const Part& part = parts_[i];
        if (part.staged)
            buffer.plane[i] = {part.ring_row(0), part.ring_stride, part.ring_mask};
        else
            buffer.plane[i] = {part.write, part.stride, ZIMG_BUFFER_MAX};
    }
    return buffer;
}

// Calls `f(part, y, left, right)` for every row of every plane that belongs to the row of chroma at `row`.
template <class F> void PlaneStaging::for_rows(unsigned row, unsigned left, unsigned right, F f) const noexcept {
    std::uint32_t rows = 1;
    for (const Part& part : parts_)
        rows = std::max(rows, 1u << part.log2_h);
    for (std::uint32_t i = 0; i < picture_.planes; ++i) {
        const Part& part = parts_[i];
        const std::uint32_t first = row >> part.log2_h;
        const std::uint32_t to = (right + (1u << part.log2_w) - 1) >> part.log2_w;
        for (std::uint32_t y = first; y < first + (rows >> part.log2_h); ++y)
            f(part, y, left >> part.log2_w, to);
    }
}

template <class Sample>
void PlaneStaging::unpack_row(const Part& part, std::uint32_t y, std::uint32_t left, std::uint32_t right) const noexcept {
    const std::uint32_t from_row = std::min(y, part.height - 1);
    const std::byte* from = part.read + part.stride * static_cast<std::ptrdiff_t>(from_row) + part.place.first * sizeof(Sample);
    std::byte* to = part.ring_row(y);
    const std::uint32_t end = std::min(right, part.width);
    const std::size_t step = part.place.step * sizeof(Sample);
    if (part.place.step == 1 && left < end)
        std::memcpy(to + left * sizeof(Sample), from + left * sizeof(Sample), (end - left) * sizeof(Sample));
    else if (sizeof(Sample) == 1) // rows of a foreign frame need not lie at multiples of the sample
        for (std::uint32_t x = left; x < end; ++x)
            to[x] = from[std::size_t{x} * 2];
    else
        for (std::uint32_t x = left; x < end; ++x)
            std::memcpy(to + x * sizeof(Sample), from + x * step, sizeof(Sample));
    for (std::uint32_t x = std::max(left, end); x < right; ++x) // beyond the edge: the edge
        std::memcpy(to + x * sizeof(Sample), from + (part.width - 1) * step, sizeof(Sample));
}

template <class Sample>
void PlaneStaging::pack_row(const Part& part, std::uint32_t y, std::uint32_t left, std::uint32_t right) const noexcept {
    if (y >= part.height)
        return;
    std::byte* to = part.write + part.stride * static_cast<std::ptrdiff_t>(y) + part.place.first * sizeof(Sample);
    const std::byte* from = part.staged ? part.ring_row(y) : to;
    const std::uint32_t end = std::min(right, part.width);
    const std::size_t step = part.place.step * sizeof(Sample);
    if (picture_.high_bits != 0) { // rounds to the bits that count
        const auto half = static_cast<std::uint32_t>(1u << (picture_.high_bits - 1));
        const std::uint32_t keep = 0xffffu << picture_.high_bits & 0xffffu;
        for (std::uint32_t x = left; x < end; ++x) {
            std::uint16_t value = 0;
            std::memcpy(&value, from + x * sizeof value, sizeof value);
            value = static_cast<std::uint16_t>(std::min(value + half, 0xffffu) & keep);
            std::memcpy(to + x * step, &value, sizeof value);
        }
    } else if (part.place.step == 1) {
        if (left < end)
            std::memcpy(to + left * sizeof(Sample), from + left * sizeof(Sample), (end - left) * sizeof(Sample));
    } else {
        for (std::uint32_t x = left; x < end; ++x)
            std::memcpy(to + x * step, from + x * sizeof(Sample), sizeof(Sample));
    }
}

void PlaneStaging::unpack(unsigned row, unsigned left, unsigned right) const noexcept {
    for_rows(row, left, right, [this](const Part& part, std::uint32_t y, std::uint32_t from, std::uint32_t to) {
        if (!part.staged)
            return;
        if (picture_.bytes == 1)
            unpack_row<std::uint8_t>(part, y, from, to);
        else
            unpack_row<std::uint16_t>(part, y, from, to);
    });
}

void PlaneStaging::pack(unsigned row, unsigned left, unsigned right) const noexcept {
    for_rows(row, left, right, [this](const Part& part, std::uint32_t y, std::uint32_t from, std::uint32_t to) {
        if (!part.staged && picture_.high_bits == 0)
            return;
        if (picture_.bytes == 1)
            pack_row<std::uint8_t>(part, y, from, to);
        else
            pack_row<std::uint16_t>(part, y, from, to);
    });
}

} // namespace weir::detail
