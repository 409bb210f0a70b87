#include "guarded_atomic.hpp"
#include "linked_free_list.hpp"
#include "lock_free_free_list.hpp"
#include "plain_atomic.hpp"
#include "pool_core_of.hpp"
#include "pool_core_waits.hpp"
#include "spin_lock.hpp"
#include "stock.hpp"

namespace weir::detail {
namespace {

struct Plain {
    using FreeList = LinkedFreeList;
    using Stock = detail::Stock<NoMutex, PlainAtomic, FreeList>;
    template <class T> using Atomic = PlainAtomic<T>;
    static constexpr bool shared = false;
};

/// The lock is taken once for word and list together, so the word's changes need not be atomic by themselves.
template <class T> using WordUnderLock = GuardedAtomic<T>;
struct Mutexed {
    using FreeList = LockedFreeList;
    using Stock = detail::Stock<SpinLock, WordUnderLock, LinkedFreeList>;
    template <class T> using Atomic = std::atomic<T>;
    static constexpr bool shared = true;
};

struct LockFree {
    using FreeList = LockFreeFreeList;
    using Stock = detail::Stock<NoMutex, std::atomic, FreeList>;
    template <class T> using Atomic = std::atomic<T>;
    static constexpr bool shared = true;
};

template <class Policy> std::shared_ptr<PoolCore> make(const AnyLayout& layout, CoreOptions options) {
    const std::size_t initial = options.config.initial_capacity;
    if (options.config.allocator)
        options.source.allocator = options.config.allocator;
    std::shared_ptr<PoolCore> core(new PoolCoreOf<Policy>(layout, std::move(options)),
                                   [](PoolCore* closing) { closing->close(); });
    core->prewarm(initial, initial);
    return core;
}

} // namespace

std::shared_ptr<PoolCore> make_pool_core(ListKind kind, const AnyLayout& layout, CoreOptions options) {
    switch (kind) {
    case ListKind::plain: return make<Plain>(layout, std::move(options));
    case ListKind::lock_free: return make<LockFree>(layout, std::move(options));
    case ListKind::mutex: break;
    }
    return make<Mutexed>(layout, std::move(options));
}

} // namespace weir::detail
