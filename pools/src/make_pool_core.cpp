#include "linked_free_list.hpp"
#include "lock_free_free_list.hpp"
#include "plain_atomic.hpp"
#include "pool_core_of.hpp"

namespace weir::detail {
namespace {

struct Plain {
    using FreeList = PlainFreeList;
    template <class T> using Atomic = PlainAtomic<T>;
    static constexpr bool shared = false;
};

struct Mutexed {
    using FreeList = LockedFreeList;
    template <class T> using Atomic = std::atomic<T>;
    static constexpr bool shared = true;
};

struct LockFree {
    using FreeList = LockFreeFreeList;
    template <class T> using Atomic = std::atomic<T>;
    static constexpr bool shared = true;
};

template <class Policy> std::shared_ptr<PoolCore> make(const AnyLayout& layout, CoreOptions options) {
    const std::size_t initial = options.config.initial_capacity;
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
