#include <weir/framework/codec_memory.hpp>
#include <weir/pools/pool_registry.hpp>

namespace weir {

CodecMemory::CodecMemory(PoolRegistry& registry, std::shared_ptr<Quota> quota, const std::string& stage)
    : registry_(registry), quota_(std::move(quota)), holder_("codec " + stage) {}

Acquirer CodecMemory::codec_acquirer() const noexcept { return {quota_, holder_.id(), ledger_now()}; }

namespace {

/// What a codec holds on to is no overflow: the pool's maximum rises until there is room for it.
template <class Pool, class Try> auto take_raising(detail::CurrentPool<Pool>& current, Try take) {
    auto handle = take(*current);
    while (!handle) {
        current.demand().set(current.demand().buffers() + 1);
        handle = take(*current);
    }
    return std::move(handle).take_block().to_codec();
}

} // namespace

// Under the lock throughout: a codec's threads seldom ask at once, and what is allocated here is allocated once.

detail::Block* CodecMemory::acquire(const VideoFormat& format, BufferRequirements requirements) {
    const detail::Lock lock(mutex_);
    if (!frames_ || format != frames_format_ || requirements != frames_requirements_) {
        frames_.change(registry_.frames(format, requirements));
        frames_format_ = format;
        frames_requirements_ = requirements;
    }
    return take_raising(frames_, [this](BasicFramePool& pool) { return pool.try_acquire(codec_acquirer()); });
}

detail::Block* CodecMemory::acquire(const AudioFormat& format, std::uint32_t count) {
    const detail::Lock lock(mutex_);
    if (!samples_ || !detail::holds(*samples_, format, count))
        samples_.change(registry_.samples(format, count));
    return take_raising(samples_, [&](BasicSamplePool& pool) { return pool.try_acquire(format, count, codec_acquirer()); });
}

PooledFrame CodecMemory::adopt(const VideoFormat& format, const ForeignFrame& foreign) {
    quota_->take_anyway();
    try {
        return registry_.frames(format).adopt(foreign, codec_acquirer());
    } catch (...) {
        quota_->give_back();
        throw;
    }
}

PooledSamples CodecMemory::adopt(const AudioFormat& format, std::uint32_t count, const ForeignSamples& foreign) {
    quota_->take_anyway();
    try {
        return registry_.samples(format, count).adopt(foreign, format, count, codec_acquirer());
    } catch (...) {
        quota_->give_back();
        throw;
    }
}

} // namespace weir
