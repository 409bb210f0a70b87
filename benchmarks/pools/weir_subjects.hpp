#pragma once
// Weir's pools as subjects.
#include <weir/pools/pool_registry.hpp>
#include <weir/pools/shared_pool.hpp>

#include "subject.hpp"

namespace bench {

inline constexpr weir::VideoFormat picture{width, height, weir::PixelFormat::yuv420p};

struct WeirCopies {
    void again() const { const weir::PooledFrame copy = frame; }
    const weir::PooledFrame& frame;
};

struct WeirSubject {
    using Handle = weir::PooledFrame;
    using Copies = WeirCopies;
    Handle acquire() { return pool.acquire(); }
    weir::BasicFramePool pool;
};

struct WeirMutex : WeirSubject {
    static constexpr const char* name = "weir_mutex";
    WeirMutex() : WeirSubject{weir::SharedFramePool(picture, {.initial_capacity = most_out, .max_capacity = most_out})} {}
};

struct WeirLockFree : WeirSubject {
    static constexpr const char* name = "weir_lockfree";
    WeirLockFree() : WeirSubject{weir::LockFreeFramePool(picture, {.initial_capacity = most_out, .max_capacity = most_out})} {}
};

/// What stages use: a registry's pool, as the registry makes it.
struct WeirDefault {
    static constexpr const char* name = "weir_default";
    using Handle = weir::PooledFrame;
    using Copies = WeirCopies;
    WeirDefault() : pool(registry.frames(picture)) {
        pool.add_demand(most_out);
        pool.prewarm(most_out);
    }
    Handle acquire() { return pool.acquire(); }

    weir::PoolRegistry registry;
    weir::BasicFramePool pool;
};

} // namespace bench
