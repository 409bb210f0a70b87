#pragma once
// The pools of a registry and how long they have not been used.
#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/pool_registry.hpp>

#include "budget.hpp"
#include "pool_core.hpp"
#include "pool_table.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
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
    /// Any order.
    friend bool operator<(const LayoutKey& a, const LayoutKey& b) noexcept;
};

/// Thread-safe. Its cores know it weakly; allocating, freeing and callbacks happen outside its lock.
struct PoolRegistry::Impl final : detail::Reclaimer, std::enable_shared_from_this<PoolRegistry::Impl> {
    explicit Impl(RegistryConfig config);
    virtual ~Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    using Core = std::shared_ptr<detail::PoolCore>;

    /// The pool of that layout, made if there is none.
    [[nodiscard]] Core pool(const detail::AnyLayout& layout);
    /// All of them, in the order of their names.
    [[nodiscard]] std::pmr::vector<Core> pools(std::pmr::memory_resource* memory = std::pmr::get_default_resource()) const;
    [[nodiscard]] const detail::Budget& budget() const noexcept { return *budget_; }

    void trim();
    void trim_cold();
    std::size_t reclaim(std::size_t bytes, const detail::BlockOwner& by) override;
    void mark_pools() noexcept override;
    [[nodiscard]] std::string largest_holders() const override;

private:
    struct Entry {
        Core core;
        std::uint64_t seen_uses = 0;
        std::int64_t last_use = 0;      ///< ledger_now() when it was last seen to have been used
        std::int64_t surplus_since = 0; ///< since when there is more than the maximum; 0: there is not
        bool asked_for_last = false;    ///< of all pools: the format has not changed since

        [[nodiscard]] bool is_idle() const noexcept;
    };
    struct Types {
        using Key = LayoutKey;
        using Core = Impl::Core;
        using Entry = Impl::Entry;
        using Map = std::map<LayoutKey, Entry>;
        using Mutex = detail::Mutex;
        using Lock = detail::Lock;
        /// The format changes: the pools used until now are older than this one.
        static void found(Map& entries, Entry& entry) noexcept;
    };

    /// What the table knows of a pool.
    struct Seen {
        Core core;
        std::int64_t last_use = 0;
        std::int64_t surplus_since = 0;
    };

    [[nodiscard]] Core make_pool(const detail::AnyLayout& layout);
    /// All pools, with their use noted until now.
    [[nodiscard]] std::vector<Seen> look_at_use(std::int64_t now);
    /// Which pools were used since the last look: acquiring itself leaves no note but its count.
    static void note_use(Types::Map& entries, std::int64_t now) noexcept;
    /// Lets go of `pools`, and forgets those that have nothing out and nobody's handle but ours.
    void retire(std::span<Core> pools);

    const RegistryConfig config_;
    const std::shared_ptr<detail::Budget> budget_;
    detail::PoolTable<Types> table_;
};

} // namespace weir
