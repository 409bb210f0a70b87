#include "pool_core.hpp"

#include "idle_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace weir::detail {
namespace {

constexpr std::int64_t warning_interval = 1'000'000'000; // ns

PoolConfig checked(PoolConfig config) {
    if (config.growth.kind == GrowthStrategy::Kind::fixed)
        config.max_capacity = config.initial_capacity;
    if (config.initial_capacity > config.max_capacity)
        throw std::invalid_argument(fmt::format("a pool cannot start with {} buffers when {} are its maximum",
                                                config.initial_capacity, config.max_capacity));
    if (config.growth == GrowthStrategy::linear(0))
        throw std::invalid_argument("a pool cannot grow by 0 buffers at a time");
    return config;
}

} // namespace

PoolCore::PoolCore(const AnyLayout& layout, CoreOptions options)
    : config_(checked(options.config)), store_(layout, std::move(options.source)),
      maximum_(static_cast<std::ptrdiff_t>(config_.max_capacity)), isolate_(options.isolate) {}

Block* PoolCore::acquire(const Acquirer& by, const std::stop_token& stop) {
    switch (config_.overflow) {
    case OverflowPolicy::spill: return take_or_spill(by, nullptr);
    case OverflowPolicy::wait:
        if (Block* const block = take_within(config_.wait_timeout, stop, by); block || stop.stop_requested())
            return block;
        throw exhausted(config_.wait_timeout);
    case OverflowPolicy::fail:
        if (Block* const block = take(by))
            return block;
        throw exhausted({});
    case OverflowPolicy::drop: break;
    }
    Block* const block = take(by);
    if (!block)
        drops_.fetch_add(1, std::memory_order_relaxed);
    return block;
}

std::size_t PoolCore::maximum() const noexcept {
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(maximum_.load(std::memory_order_seq_cst), 0));
}

bool PoolCore::must_zero(PoolBlock& block, const Acquirer& by, bool is_new) const noexcept {
    if (!isolate_)
        return !is_new && config_.zero_on_reuse;
    // New memory may be another's old, come back from the allocator; who has no quota is nobody known.
    const std::weak_ptr<Quota> owner = by.quota;
    const bool same = !is_new && by.quota && !block.last_owner.owner_before(owner) && !owner.owner_before(block.last_owner);
    if (!same)
        block.last_owner = owner;
    return !same;
}

Block* PoolCore::hand_out(PoolBlock& block, const Acquirer& by, bool is_new) noexcept {
    memory_is_wanted(block.memory, block.bytes);
    if (must_zero(block, by, is_new))
        std::memset(block.memory, 0, block.bytes);
    block.uses.store(block.uses.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    block.refs.start();
    block.quota = by.quota;
    block.counts_against.store(by.quota.get(), std::memory_order_relaxed);
    block.pass_to(by.holder, by.now);
    block.out.store(true, std::memory_order_release); // pairs with the acquires in BlockStore's reports
    return &block;
}

Block* PoolCore::hand_out_adopted(PoolBlock& block, const Foreign& foreign, const Acquirer& by) noexcept {
    block.plane = foreign.plane;
    block.foreign_channels = foreign.channels;
    block.release_foreign = foreign.release;
    block.foreign = foreign.opaque;
    block.refs.start();
    block.quota = by.quota;
    block.counts_against.store(by.quota.get(), std::memory_order_relaxed);
    block.pass_to(by.holder, by.now);
    block.out.store(true, std::memory_order_release); // pairs with the acquires in BlockStore's reports
    adopted_.fetch_add(1, std::memory_order_relaxed);
    return &block;
}

void PoolCore::take_back(PoolBlock& block) noexcept {
    block.out.store(false, std::memory_order_relaxed);
    block.counts_against.store(nullptr, std::memory_order_relaxed);
    if (block.memory && !block.overflow)
        memory_goes_idle(block.memory, block.bytes);
}

std::size_t PoolCore::growth(std::size_t buffers) const noexcept {
    switch (config_.growth.kind) {
    case GrowthStrategy::Kind::linear: return config_.growth.step;
    case GrowthStrategy::Kind::exponential: return std::max<std::size_t>(buffers, 1);
    case GrowthStrategy::Kind::fixed: break;
    }
    return 1;
}

Ledger PoolCore::ledger() const {
    Ledger ledger = store_.ledger();
    ledger.max_capacity = maximum();
    return ledger;
}

void PoolCore::on_warning(Warn warn) {
    auto shared = std::make_shared<const Warn>(std::move(warn));
    const Lock lock(warn_mutex_);
    warn_.swap(shared); // the old one is destroyed after the lock is let go
}

void PoolCore::count_overflow() noexcept {
    overflows_.fetch_add(1, std::memory_order_relaxed);
    const std::int64_t now = ledger_now();
    std::int64_t last = last_warning_.load(std::memory_order_relaxed);
    // Of those who come together one warns; nothing else is ordered by it.
    if ((last != 0 && now - last < warning_interval) ||
        !last_warning_.compare_exchange_strong(last, now, std::memory_order_relaxed))
        return;
    try {
        warn();
    } catch (...) {
        return; // a warning that cannot be given is no reason to lose a frame
    }
}

void PoolCore::warn() {
    std::shared_ptr<const Warn> warn;
    {
        const Lock lock(warn_mutex_);
        warn = warn_;
    }
    if (warn && *warn)
        (*warn)(fmt::format("pool {} went over its maximum of {}, {} times so far; {}", store_.format_text(), maximum(),
                            overflows_.load(std::memory_order_relaxed), to_string(ledger())));
}

PoolExhausted PoolCore::exhausted(std::chrono::nanoseconds waited) const {
    std::string text = fmt::format("pool {} has no buffer left", store_.format_text());
    if (waited.count() != 0)
        text += fmt::format(" after {:.3g} s", std::chrono::duration<double>(waited).count());
    return PoolExhausted(text + ": " + to_string(ledger()));
}

void PoolCore::fill_in(PoolStats& stats) const noexcept {
    stats.allocations = allocations_.load(std::memory_order_relaxed);
    stats.max_capacity = maximum();
    stats.overflows = overflows_.load(std::memory_order_relaxed);
    stats.drops = drops_.load(std::memory_order_relaxed);
    stats.waits = waits_.load(std::memory_order_relaxed);
    stats.wait_time = std::chrono::nanoseconds(wait_time_.load(std::memory_order_relaxed));
    stats.adopted = adopted_.load(std::memory_order_relaxed);
    stats.bytes = stats.capacity * store_.bytes();
}

} // namespace weir::detail
