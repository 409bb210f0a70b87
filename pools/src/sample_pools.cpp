// The handles to pools of sound.
#include <weir/pools/shared_pool.hpp>

#include "pool_core.hpp"

#include <fmt/format.h>

namespace weir {
namespace {

/// Before a buffer is taken: what throws afterwards would have to give it back.
void check(const SampleLayout& layout, const AudioFormat& format, std::uint32_t count) {
    if (format.sample_format != layout.sample_format || format.layout.channels != layout.channels)
        throw FormatError(fmt::format("{} cannot be stored in buffers of {} channels {}", to_string(format), layout.channels,
                                      to_string(layout.sample_format)));
    if (count > layout.capacity)
        throw FormatError(fmt::format("{} samples do not fit into buffers of {}", count, layout.capacity));
}

PooledSamples samples(detail::Block* block, const AudioFormat& format, std::uint32_t count) {
    if (!block)
        return {};
    SampleHeader header;
    header.format = format;
    header.count = count;
    return PooledSamples(detail::BlockRef(block), std::move(header));
}

std::shared_ptr<detail::PoolCore> make_core(Locking locking, const AudioFormat& format, std::uint32_t capacity,
                                            const PoolConfig& config) {
    return detail::make_pool_core(detail::list_kind(locking), sample_layout(format, capacity), {.config = config});
}

} // namespace

const SampleLayout& BasicSamplePool::layout() const noexcept { return *core_->blocks().samples(); }

PooledSamples BasicSamplePool::acquire(const AudioFormat& format, std::uint32_t count, const Acquirer& by,
                                       const std::stop_token& stop) {
    check(layout(), format, count);
    return samples(core_->acquire(by, stop), format, count);
}

PooledSamples BasicSamplePool::try_acquire(const AudioFormat& format, std::uint32_t count, const Acquirer& by) {
    check(layout(), format, count);
    return samples(core_->take(by), format, count);
}

PooledSamples BasicSamplePool::acquire_for(std::chrono::nanoseconds timeout, const AudioFormat& format, std::uint32_t count,
                                           const Acquirer& by, std::stop_token stop) {
    check(layout(), format, count);
    return samples(core_->take_within(timeout, std::move(stop), by), format, count);
}

PooledSamples BasicSamplePool::acquire_or_notify(Waiter& waiter, const AudioFormat& format, std::uint32_t count,
                                                 const Acquirer& by) {
    check(layout(), format, count);
    return samples(core_->take_or_notify(waiter, by), format, count);
}

PooledSamples BasicSamplePool::acquire_or_spill(const AudioFormat& format, std::uint32_t count, const Acquirer& by,
                                                Waiter* at_budget) {
    check(layout(), format, count);
    return samples(core_->take_or_spill(by, at_budget), format, count);
}

PooledSamples BasicSamplePool::adopt(const ForeignSamples& foreign, const AudioFormat& format, std::uint32_t count,
                                     const Acquirer& by) {
    try {
        check(layout(), format, count);
    } catch (...) {
        if (foreign.release)
            foreign.release(foreign.opaque);
        throw;
    }
    return samples(core_->adopt({.channels = foreign.plane, .release = foreign.release, .opaque = foreign.opaque}, by), format,
                   count);
}

SharedSamplePool::SharedSamplePool(const AudioFormat& format, std::uint32_t capacity, const PoolConfig& config)
    : BasicSamplePool(make_core(Locking::mutex, format, capacity, config)) {}

LockFreeSamplePool::LockFreeSamplePool(const AudioFormat& format, std::uint32_t capacity, const PoolConfig& config)
    : BasicSamplePool(make_core(Locking::lock_free, format, capacity, config)) {}

} // namespace weir
