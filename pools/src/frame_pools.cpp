// The handles to pools of pictures.
#include <weir/pools/shared_pool.hpp>

#include "pool_core.hpp"

namespace weir {
namespace {

PooledFrame frame(detail::Block* block) {
    if (!block)
        return {};
    FrameHeader header;
    header.crop = {0, 0, block->frame->format.width, block->frame->format.height};
    return PooledFrame(detail::BlockRef(block), std::move(header));
}

std::shared_ptr<detail::PoolCore> make_core(Locking locking, const VideoFormat& format, const PoolConfig& config,
                                            BufferRequirements requirements) {
    return detail::make_pool_core(detail::list_kind(locking), frame_layout(format, requirements), {.config = config});
}

} // namespace

const FrameLayout& BasicFramePool::layout() const noexcept { return *core_->blocks().frame(); }

PooledFrame BasicFramePool::acquire(const Acquirer& by, const std::stop_token& stop) { return frame(core_->acquire(by, stop)); }

PooledFrame BasicFramePool::try_acquire(const Acquirer& by) { return frame(core_->take(by)); }

PooledFrame BasicFramePool::acquire_for(std::chrono::nanoseconds timeout, const Acquirer& by, std::stop_token stop) {
    return frame(core_->take_within(timeout, std::move(stop), by));
}

PooledFrame BasicFramePool::acquire_or_notify(Waiter& waiter, const Acquirer& by) {
    return frame(core_->take_or_notify(waiter, by));
}

PooledFrame BasicFramePool::acquire_or_spill(const Acquirer& by, Waiter* at_budget) {
    return frame(core_->take_or_spill(by, at_budget));
}

PooledFrame BasicFramePool::adopt(const ForeignFrame& foreign, const Acquirer& by) {
    return frame(core_->adopt({.plane = foreign.plane, .release = foreign.release, .opaque = foreign.opaque}, by));
}

SharedFramePool::SharedFramePool(const VideoFormat& format, const PoolConfig& config, BufferRequirements requirements)
    : BasicFramePool(make_core(Locking::mutex, format, config, requirements)) {}

LockFreeFramePool::LockFreeFramePool(const VideoFormat& format, const PoolConfig& config, BufferRequirements requirements)
    : BasicFramePool(make_core(Locking::lock_free, format, config, requirements)) {}

} // namespace weir
