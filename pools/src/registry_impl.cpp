#include "registry_impl.hpp"

#include "memory_limit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace weir {
namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
constexpr std::size_t holders_named = 5;

} // namespace

LayoutKey::LayoutKey(const detail::AnyLayout& layout) noexcept {
    if (const auto* const frame = std::get_if<FrameLayout>(&layout)) {
        video = frame->format;
        requirements = frame->requirements;
    } else if (const auto* const samples = std::get_if<SampleLayout>(&layout)) {
        sample_format = samples->sample_format;
        channels = samples->channels;
        capacity = samples->capacity;
    }
}

bool operator<(const LayoutKey& a, const LayoutKey& b) noexcept {
    const auto fields = [](const LayoutKey& key) {
        return std::tie(key.video.width, key.video.height, key.video.pixel_format, key.requirements.alignment,
                        key.requirements.padding, key.sample_format, key.channels, key.capacity);
    };
    return fields(a) < fields(b);
}

PoolRegistry::Impl::Impl(RegistryConfig config)
    : config_(std::move(config)),
      budget_(std::make_shared<detail::Budget>(config_.max_bytes ? config_.max_bytes : detail::usable_memory() / 2)) {}

PoolRegistry::Impl::Core PoolRegistry::Impl::make_pool(const detail::AnyLayout& layout) {
    detail::CoreOptions options;
    options.config.max_capacity = 0;
    options.source.allocator = config_.allocator ? config_.allocator : &host_allocator();
    options.source.budget = budget_;
    options.source.reclaimer = weak_from_this();
    options.isolate = config_.isolate;
    Core core = detail::make_pool_core(detail::list_kind(config_.locking), layout, std::move(options));
    if (config_.on_warning)
        core->on_warning(config_.on_warning);
    return core;
}

PoolRegistry::Impl::Core PoolRegistry::Impl::pool(const detail::AnyLayout& layout) {
    const LayoutKey key(layout);
    if (Core known = table_.find(key))
        return known;
    Core made = make_pool(layout);
    auto node = detail::PoolTable<Types>::node(key, made);
    Core kept = table_.find_or_insert(node);
    if (kept == made) {
        if (budget_->anybody_waits())
            made->mark();
        if (config_.on_pool_made)
            config_.on_pool_made(made->blocks().format_text());
    }
    return kept; // if another was faster, what we made in vain ends here
}

std::pmr::vector<PoolRegistry::Impl::Core> PoolRegistry::Impl::pools(std::pmr::memory_resource* memory) const {
    std::pmr::vector<Core> all(memory);
    for (bool done = false; !done;) {
        const std::size_t count = table_.look([&all, &done](const Types::Map& entries) {
            done = entries.size() <= all.capacity();
            if (done)
                for (const auto& [key, entry] : entries)
                    all.push_back(entry.core);
            return entries.size();
        });
        if (!done)
            all.reserve(count); // outside the lock
    }
    std::sort(all.begin(), all.end(),
              [](const Core& a, const Core& b) { return a->blocks().format_text() < b->blocks().format_text(); });
    return all;
}

bool PoolRegistry::Impl::Entry::is_idle() const noexcept {
    const PoolStats stats = core->stats();
    return stats.in_use == 0 && stats.adopted_in_use == 0;
}

void PoolRegistry::Impl::Types::found(Map& entries, Entry& entry) noexcept {
    if (entry.asked_for_last)
        return;
    const std::int64_t now = ledger_now();
    note_use(entries, now);
    entry.last_use = now;
    entry.asked_for_last = true;
}

void PoolRegistry::Impl::note_use(Types::Map& entries, std::int64_t now) noexcept {
    for (auto& [key, entry] : entries) {
        entry.asked_for_last = false;
        const PoolStats stats = entry.core->stats();
        if (const std::uint64_t uses = stats.total_acquires + stats.adopted; uses != entry.seen_uses) {
            entry.seen_uses = uses;
            entry.last_use = now;
        }
        if (stats.capacity <= stats.max_capacity)
            entry.surplus_since = 0;
        else if (entry.surplus_since == 0)
            entry.surplus_since = now;
    }
}

std::vector<PoolRegistry::Impl::Seen> PoolRegistry::Impl::look_at_use(std::int64_t now) {
    std::vector<Seen> seen;
    for (bool done = false; !done;) {
        const std::size_t count = table_.change([&](Types::Map& entries) {
            done = entries.size() <= seen.capacity();
            if (done) {
                note_use(entries, now);
                for (const auto& [key, entry] : entries)
                    seen.push_back({entry.core, entry.last_use, entry.surplus_since});
            }
            return entries.size();
        });
        if (!done)
            seen.reserve(count); // outside the lock
    }
    return seen;
}

void PoolRegistry::Impl::trim() {
    auto all = pools();
    for (const Core& core : all)
        core->trim(0, no_limit);
    retire(all);
}

void PoolRegistry::Impl::trim_cold() {
    const std::int64_t now = ledger_now();
    const auto is_old = [&](std::int64_t since) { return now - since >= config_.idle_time.count(); };
    std::vector<Core> cold;
    std::vector<Core> too_large;
    for (Seen& pool : look_at_use(now)) {
        if (is_old(pool.last_use))
            cold.push_back(std::move(pool.core));
        else if (pool.surplus_since != 0 && is_old(pool.surplus_since))
            too_large.push_back(std::move(pool.core));
    }
    for (const Core& core : too_large) { // in use, but its demand was once higher
        const PoolStats stats = core->stats();
        if (stats.capacity > stats.max_capacity)
            core->trim(0, stats.capacity - stats.max_capacity);
    }
    for (const Core& core : cold)
        core->trim(0, no_limit);
    retire(cold);
}

void PoolRegistry::Impl::retire(std::span<Core> pools) {
    for (Core& core : pools) {
        const LayoutKey key(core->blocks().layout());
        const std::string name = core->blocks().format_text();
        core.reset();                        // ours alone is left, or others'
        if (table_.take_unused(key).empty()) // else the pool ends here
            continue;
        if (config_.on_pool_retired)
            config_.on_pool_retired(name);
    }
}

std::size_t PoolRegistry::Impl::reclaim(std::size_t bytes, const detail::BlockOwner& by) {
    std::vector<Seen> pools = look_at_use(ledger_now());
    std::sort(pools.begin(), pools.end(), [](const Seen& a, const Seen& b) { return a.last_use < b.last_use; });
    std::size_t freed = 0;
    std::vector<Core> emptied;
    for (Seen& pool : pools) {
        if (freed >= bytes)
            break;
        if (pool.core.get() == &by)
            continue;
        const std::size_t each = pool.core->blocks().bytes();
        freed += each * pool.core->trim(0, (bytes - freed + each - 1) / each);
        if (pool.core->stats().capacity == 0)
            emptied.push_back(std::move(pool.core));
    }
    pools.clear(); // who has a handle keeps a pool from retiring
    retire(emptied);
    return freed;
}

void PoolRegistry::Impl::mark_pools() noexcept {
    // Under the table's lock: a pool that is added later is marked by who adds it.
    table_.look([](const Types::Map& entries) {
        for (const auto& [key, entry] : entries)
            entry.core->mark();
    });
}

std::string PoolRegistry::Impl::largest_holders() const {
    std::map<std::string, std::size_t> by_name;
    for (const Core& core : pools())
        for (const HolderShare& share : core->ledger().holders)
            by_name[share.name] += share.bytes;
    std::vector<std::pair<std::size_t, std::string>> largest;
    largest.reserve(by_name.size());
    for (const auto& [name, bytes] : by_name)
        largest.emplace_back(bytes, name);
    std::sort(largest.rbegin(), largest.rend());
    std::string text;
    for (std::size_t i = 0; i < std::min(largest.size(), holders_named); ++i)
        text += fmt::format("{}{} {}", i ? ", " : "", largest[i].second, detail::bytes_text(largest[i].first));
    return text.empty() ? "nobody" : text;
}

} // namespace weir
