#include <weir/pools/frame_buffer.hpp>

#include "lone_block.hpp"

#include <cstring>

namespace weir {

FrameBuffer::FrameBuffer(const VideoFormat& format, BufferRequirements requirements, BufferAllocator& allocator)
    : block_(detail::make_lone_block(frame_layout(format, requirements), allocator)) {}

Plane FrameBuffer::plane(std::uint32_t index) noexcept {
    const PlaneLayout& plane = layout().plane[index];
    return {block_->plane[index].data, plane.stride, plane.row_bytes, plane.rows};
}

ConstPlane FrameBuffer::plane(std::uint32_t index) const noexcept {
    const PlaneLayout& plane = layout().plane[index];
    return {block_->plane[index].data, plane.stride, plane.row_bytes, plane.rows};
}

void FrameBuffer::reset(Zero zero) noexcept {
    if (zero == Zero::yes)
        std::memset(block_->memory, 0, block_->bytes);
}

SampleBuffer::SampleBuffer(const AudioFormat& format, std::uint32_t capacity, BufferAllocator& allocator)
    : block_(detail::make_lone_block(sample_layout(format, capacity), allocator)) {}

std::byte* SampleBuffer::plane(std::uint32_t index) noexcept { return block_->memory + layout().plane_bytes * index; }

const std::byte* SampleBuffer::plane(std::uint32_t index) const noexcept {
    return block_->memory + layout().plane_bytes * index;
}

bool SampleBuffer::matches(const AudioFormat& wanted, std::uint32_t samples) const noexcept {
    return block_ && layout().sample_format == wanted.sample_format && layout().channels == wanted.layout.channels &&
           samples <= layout().capacity;
}

void SampleBuffer::reset(Zero zero) noexcept {
    if (zero == Zero::yes)
        std::memset(block_->memory, 0, block_->bytes);
}

} // namespace weir
