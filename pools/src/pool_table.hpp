#pragma once
// A registry's pools by layout: how asking for one and retiring it agree.
#include <utility>

namespace weir::detail {

/// `Types` names `Key`, `Core` (a counted handle as std::shared_ptr is), `Entry` (which holds the table's own handle as `core`
/// and tells with `is_idle()` whether nothing of it is out), `Map` (from Key to Entry, as std::map: entries move in and out
/// without allocating), `Mutex`, `Lock`, and with `found(Map&, Entry&)` what to note when a pool is asked for.
///
/// A pool that anybody has a handle to is in the table, so that there are never two of one layout in use. Thread-safe; pools
/// and entries are made and ended outside the lock.
template <class Types> class PoolTable {
public:
    using Key = typename Types::Key;
    using Core = typename Types::Core;
    using Node = typename Types::Map::node_type;

    /// The pool of `key`, if there is one.
    [[nodiscard]] Core find(const Key& key) noexcept {
        const typename Types::Lock lock(mutex_);
        const auto entry = map_.find(key);
        if (entry == map_.end())
            return {};
        Types::found(map_, entry->second);
        return entry->second.core;
    }

    /// An entry that is not in the table. Allocates.
    [[nodiscard]] static Node node(const Key& key, Core made) {
        typename Types::Map alone;
        return alone.extract(alone.emplace(key, typename Types::Entry{std::move(made)}).first);
    }
    /// The pool of that entry's key. If there is none it is the entry's from now on, and the node is empty.
    [[nodiscard]] Core find_or_insert(Node& made) noexcept {
        const typename Types::Lock lock(mutex_);
        auto entry = map_.find(made.key());
        if (entry == map_.end())
            entry = map_.insert(std::move(made)).position;
        Types::found(map_, entry->second);
        return entry->second.core;
    }

    /// Forgets the pool of `key` if nobody else has a handle to it and nothing of it is out. Its entry is returned, to end
    /// outside the lock; empty if it stays.
    [[nodiscard]] Node take_unused(const Key& key) noexcept {
        const typename Types::Lock lock(mutex_);
        const auto entry = map_.find(key);
        // Handles are made from ours under this lock or from others' handles: if ours is the only one it stays so.
        if (entry == map_.end() || entry->second.core.use_count() != 1)
            return {};
        // The count is read without order. To drop another handle is a read-modify-write after those of the others: from
        // here on we see what they had taken out before they let go.
        static_cast<void>(Core(entry->second.core));
        if (!entry->second.is_idle())
            return {};
        return map_.extract(entry);
    }

    /// Calls `f` with the map, under the lock.
    template <class F> decltype(auto) look(F f) const {
        const typename Types::Lock lock(mutex_);
        return f(map_);
    }
    template <class F> decltype(auto) change(F f) {
        const typename Types::Lock lock(mutex_);
        return f(map_);
    }

private:
    mutable typename Types::Mutex mutex_;
    typename Types::Map map_; // guarded by mutex_
};

} // namespace weir::detail
