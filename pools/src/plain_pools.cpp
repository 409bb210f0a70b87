// The pools for one thread.
#include <weir/pools/errors.hpp>
#include <weir/pools/frame_buffer.hpp>

#include "pool_core.hpp"

#include <fmt/format.h>

namespace weir {
namespace {

/// A bare buffer goes back as any block does: its owner, which may be another pool, takes it when it is let go.
template <class Layout> void check(const Layout& given, const Layout& own, const detail::PoolCore& core) {
    if (given != own)
        throw FormatError(fmt::format("a buffer of another layout was given to a pool of {}", core.blocks().format_text()));
}

} // namespace

FramePool::FramePool(const VideoFormat& format, const PoolConfig& config, BufferRequirements requirements)
    : core_(detail::make_pool_core(detail::ListKind::plain, frame_layout(format, requirements), {.config = config})) {}
FramePool::~FramePool() = default;
FramePool::FramePool(FramePool&&) noexcept = default;
FramePool& FramePool::operator=(FramePool&&) noexcept = default;

FrameBuffer FramePool::acquire() { return FrameBuffer(detail::UniqueBlock(core_->acquire({}))); }
FrameBuffer FramePool::try_acquire() { return FrameBuffer(detail::UniqueBlock(core_->take({}))); }

void FramePool::release(FrameBuffer buffer) {
    if (buffer)
        check(buffer.layout(), *core_->blocks().frame(), *core_);
}

PoolStats FramePool::stats() const { return core_->stats(); }

SamplePool::SamplePool(const AudioFormat& format, std::uint32_t capacity, const PoolConfig& config)
    : core_(detail::make_pool_core(detail::ListKind::plain, sample_layout(format, capacity), {.config = config})) {}
SamplePool::~SamplePool() = default;
SamplePool::SamplePool(SamplePool&&) noexcept = default;
SamplePool& SamplePool::operator=(SamplePool&&) noexcept = default;

SampleBuffer SamplePool::acquire() { return SampleBuffer(detail::UniqueBlock(core_->acquire({}))); }
SampleBuffer SamplePool::try_acquire() { return SampleBuffer(detail::UniqueBlock(core_->take({}))); }

void SamplePool::release(SampleBuffer buffer) {
    if (buffer)
        check(buffer.layout(), *core_->blocks().samples(), *core_);
}

PoolStats SamplePool::stats() const { return core_->stats(); }

} // namespace weir
