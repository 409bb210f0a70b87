#pragma once
// The pools of a registry and how long they have not been used.
#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/pool_registry.hpp>

#include "budget.hpp"
#include "pool_core.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir {

/// What a layout depends on.
struct LayoutKey {
    VideoFormat video;
    BufferRequirements requirements;
    SampleFormat sample_format = SampleFormat::none;
    std::uint32_t channels = 0;
    std::uint32_t capacity = 0;

    explicit LayoutKey(const detail::AnyLayout& layout) noexcept;
    friend bool operator==(const LayoutKey&, const LayoutKey&) = default;

    struct Hash {
        std::size_t operator()(const LayoutKey& key) const noexcept;
    };
};

/// Thread-safe. Its cores know it weakly; allocating, freeing and callbacks happen outside its lock.
struct PoolRegistry::Impl final : detail::Reclaimer, std::enable_shared_from_this<PoolRegistry::Impl> {
    explicit Impl(RegistryConfig config);
    virtual ~Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    using Core = std::shared_ptr<detail::PoolCore>;

    /// The pool of that layout, made if there is none.
    [[nodiscard]] Core pool(const detail::AnyLayout& layout) WEIR_EXCLUDES(mutex_);
    /// All of them, in the order of their names.
    [[nodiscard]] std::vector<Core> pools() const WEIR_EXCLUDES(mutex_);
    [[nodiscard]] const detail::Budget& budget() const noexcept { return *budget_; }

    void trim() WEIR_EXCLUDES(mutex_);
    void trim_cold() WEIR_EXCLUDES(mutex_);
    std::size_t reclaim(std::size_t bytes) override WEIR_EXCLUDES(mutex_);
    [[nodiscard]] std::string largest_holders() const override;

private:
    struct Entry {
        Core core;
        std::uint64_t seen_uses = 0;
        std::int64_t last_use = 0;      ///< ledger_now() when it was last seen to have been used
        std::int64_t surplus_since = 0; ///< since when there is more than the maximum; 0: there is not
    };

    [[nodiscard]] Core make_pool(const detail::AnyLayout& layout);
    /// Which pools were used since the last look: acquiring itself leaves no note but its count.
    void note_use(std::int64_t now) WEIR_REQUIRES(mutex_);
    /// Forgets those of `pools` that have nothing out and nobody's handle but ours.
    void retire(std::vector<Core> pools) WEIR_EXCLUDES(mutex_);

    const RegistryConfig config_;
    const std::shared_ptr<detail::Budget> budget_;
    mutable detail::Mutex mutex_;
    std::unordered_map<LayoutKey, Entry, LayoutKey::Hash> entries_ WEIR_GUARDED_BY(mutex_);
};

} // namespace weir
