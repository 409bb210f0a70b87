#include "sample_chunks.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir::detail {
namespace {

constexpr std::uintptr_t alignment = 32; ///< what encoders' vector code may load at once

std::size_t step_of(const AudioFormat& format) {
    return std::size_t{bytes_per_sample(format.sample_format)} * (is_planar(format.sample_format) ? 1 : format.layout.channels);
}

/// The part of `piece` that begins `from` samples after its first.
PooledSamples part_of(const PooledSamples& piece, std::uint32_t from, std::uint32_t count) {
    PooledSamples part = piece;
    part.header().offset += from;
    part.header().count = count;
    part.header().duration = count;
    if (part.header().pts != no_time)
        part.header().pts += from;
    return part;
}

bool aligned(const PooledSamples& piece) noexcept {
    for (std::uint32_t i = 0; i < piece.planes(); ++i)
        if (reinterpret_cast<std::uintptr_t>(piece.plane(i)) % alignment != 0)
            return false;
    return true;
}

} // namespace

void SampleChunks::add(const PooledSamples& piece) {
    const std::uint32_t count = piece.header().count;
    const std::uint32_t length = length_ == 0 ? std::max(count, 1u) : length_;
    std::uint32_t done = 0;
    while (done < count) {
        if (filled_ == 0 && count - done >= length) {
            PooledSamples view = part_of(piece, done, length);
            if (aligned(view)) {
                whole_.push_back(std::move(view));
                done += length;
                continue;
            }
        }
        if (filled_ == 0) {
            partial_ = memory_->samples(piece.format(), length);
            partial_.header().pts = part_of(piece, done, 0).header().pts;
            partial_.header().time_base = piece.header().time_base;
            partial_.header().entered = piece.header().entered;
        }
        done += fill(piece, done);
    }
}

std::uint32_t SampleChunks::fill(const PooledSamples& piece, std::uint32_t from) {
    const std::uint32_t length = partial_.header().count;
    const std::uint32_t taken = std::min(length - filled_, piece.header().count - from);
    const std::size_t step = step_of(piece.format());
    for (std::uint32_t i = 0; i < piece.planes(); ++i)
        std::memcpy(partial_.writable_plane(i) + filled_ * step, piece.plane(i) + from * step, taken * step);
    filled_ += taken;
    if (filled_ == length) {
        partial_.header().duration = length;
        whole_.push_back(std::move(partial_));
        filled_ = 0;
    }
    return taken;
}

std::optional<PooledSamples> SampleChunks::take(bool rest) {
    if (!whole_.empty()) {
        PooledSamples chunk = std::move(whole_.front());
        whole_.pop_front();
        return chunk;
    }
    if (!rest || filled_ == 0)
        return std::nullopt;
    PooledSamples chunk = std::move(partial_);
    chunk.header().count = std::exchange(filled_, 0);
    chunk.header().duration = chunk.header().count;
    return chunk;
}

} // namespace weir::detail
