#include "scratch_memory.hpp"

namespace weir::detail {
namespace {

constexpr std::size_t without_limit = 1'000'000;

} // namespace

template <class Pool> void ScratchMemory::Share<Pool>::use(Pool next) noexcept {
    if (pool == next)
        return;
    if (pool)
        pool.add_demand(-asked);
    asked = 0;
    pool = std::move(next);
}

template <class Pool> void ScratchMemory::Share<Pool>::ask(std::size_t in_use) noexcept {
    const auto needed = static_cast<std::ptrdiff_t>(in_use);
    if (needed <= asked)
        return;
    pool.add_demand(needed - asked);
    asked = needed;
}

ScratchMemory::ScratchMemory(StageContext& context) : context_(&context), out_(Quota::make(without_limit)) {}

ScratchMemory::~ScratchMemory() {
    frames_.use({});
    samples_.use({});
}

Acquirer ScratchMemory::acquirer() const { return {out_, context_->base().holder(), ledger_now()}; }

PooledFrame ScratchMemory::frame(const VideoFormat& format) {
    frames_.use(context_->registry().frames(format));
    out_->take_anyway();
    try {
        frames_.ask(out_->in_use());
        return frames_.pool.acquire_or_spill(acquirer());
    } catch (...) {
        out_->give_back();
        throw;
    }
}

PooledSamples ScratchMemory::samples(const AudioFormat& format, std::uint32_t count) {
    samples_.use(context_->registry().samples(format, count));
    out_->take_anyway();
    try {
        samples_.ask(out_->in_use());
        return samples_.pool.acquire_or_spill(format, count, acquirer());
    } catch (...) {
        out_->give_back();
        throw;
    }
}

} // namespace weir::detail
