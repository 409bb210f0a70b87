#include <weir/pools/pool_registry.hpp>

#include "registry_impl.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <memory_resource>

namespace weir {
namespace {

constexpr std::uint32_t least_samples = 8192;

SampleLayout bucket(const AudioFormat& format, std::uint32_t capacity) {
    // Larger than any power of two there is: refused by sample_layout as it stands.
    return sample_layout(format, capacity > (1u << 31) ? capacity : std::bit_ceil(std::max(capacity, least_samples)));
}

void prewarm(detail::PoolCore& core, std::size_t count) {
    try {
        core.prewarm(count, count);
    } catch (const BudgetExhausted&) {
        return; // as many as fit are made; who really needs one more will be told
    }
}

} // namespace

PoolRegistry::PoolRegistry(RegistryConfig config) : impl_(std::make_shared<Impl>(std::move(config))) {}
PoolRegistry::~PoolRegistry() = default;

BasicFramePool PoolRegistry::frames(const VideoFormat& format, BufferRequirements requirements) {
    return BasicFramePool(impl_->pool(frame_layout(format, requirements)));
}

BasicSamplePool PoolRegistry::samples(const AudioFormat& format, std::uint32_t capacity) {
    return BasicSamplePool(impl_->pool(bucket(format, capacity)));
}

std::vector<PoolReport> PoolRegistry::stats() const {
    std::vector<PoolReport> reports;
    for (const auto& core : impl_->pools())
        reports.push_back({core->blocks().format_text(), core->stats()});
    return reports;
}

std::vector<Ledger> PoolRegistry::ledger() const {
    std::vector<Ledger> ledgers;
    for (const auto& core : impl_->pools())
        ledgers.push_back(core->ledger());
    return ledgers;
}

void PoolRegistry::for_each_out(const std::function<void(const Quota*, HolderId, std::size_t, std::uint32_t)>& visit) const {
    // Asked for each time that a pipeline rests on a quota: without allocating, unless there are many pools.
    std::array<std::byte, 2048> room;
    std::pmr::monotonic_buffer_resource memory(room.data(), room.size());
    for (const auto& core : impl_->pools(&memory))
        core->blocks().for_each_out(visit);
}

std::size_t PoolRegistry::max_bytes() const noexcept { return impl_->budget().limit(); }
std::size_t PoolRegistry::bytes() const noexcept { return impl_->budget().used(); }
std::size_t PoolRegistry::peak_bytes() const noexcept { return impl_->budget().peak(); }

void PoolRegistry::trim() { impl_->trim(); }

void PoolRegistry::trim_cold() { impl_->trim_cold(); }

void PoolRegistry::prewarm(const VideoFormat& format, std::size_t count, BufferRequirements requirements) {
    weir::prewarm(*impl_->pool(frame_layout(format, requirements)), count);
}

void PoolRegistry::prewarm(const AudioFormat& format, std::uint32_t capacity, std::size_t count) {
    weir::prewarm(*impl_->pool(bucket(format, capacity)), count);
}

} // namespace weir
