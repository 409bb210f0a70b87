// The k-th call of operator new fails, for every k: nothing is lost, nothing ends the process, the pool works on.
#include <weir/pools/frame_buffer.hpp>
#include <weir/pools/pool_registry.hpp>

#include "support.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <type_traits>

using namespace weir;

namespace {

thread_local std::size_t calls_left = 0; // 0: none fails
std::atomic<std::ptrdiff_t> live{0};

void* allocate(std::size_t bytes, std::size_t alignment) {
    if (calls_left != 0 && --calls_left == 0)
        throw std::bad_alloc();
    const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
    void* const memory = std::aligned_alloc(alignment, rounded);
    if (!memory)
        throw std::bad_alloc();
    live.fetch_add(1, std::memory_order_relaxed);
    return memory;
}

void deallocate(void* memory) noexcept {
    if (memory)
        live.fetch_sub(1, std::memory_order_relaxed);
    std::free(memory);
}

} // namespace

void* operator new(std::size_t bytes) { return allocate(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    try {
        return ::operator new(bytes);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { deallocate(memory); }
void operator delete(void* memory) noexcept { deallocate(memory); }
void operator delete(void* memory, std::size_t) noexcept { deallocate(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { deallocate(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { deallocate(memory); }

namespace {

/// Runs `scenario` with the first call failing, then with the second, until one is not reached. What failed must have
/// left nothing behind.
template <class Scenario> std::size_t for_all_k(Scenario scenario) {
    scenario(); // what is made once for the process is made now
    for (std::size_t k = 1;; ++k) {
        const std::ptrdiff_t before = live.load();
        bool reached = false;
        calls_left = k;
        try {
            scenario();
        } catch (const std::bad_alloc&) {
            reached = true;
        }
        reached = reached || calls_left == 0;
        calls_left = 0;
        const std::ptrdiff_t left = live.load() - before;
        CAPTURE(k);
        CHECK(left == 0);
        if (!reached)
            return k - 1;
    }
}

/// What failed in the middle must leave `used` as good as before: everything is back, and the same goes through now.
template <class Pool, class Use> void use_again_after_failure(Pool& used, Use use) {
    try {
        use(used);
    } catch (const std::bad_alloc&) {
        calls_left = 0;
        const auto whole = [](const PoolStats& stats) { return stats.in_use == 0 && test::adds_up(stats); };
        bool usable = true;
        if constexpr (std::is_same_v<Pool, PoolRegistry>) {
            for (const PoolReport& report : used.stats())
                usable = usable && whole(report.stats);
        } else {
            usable = whole(used.stats());
        }
        if (!usable)
            throw std::logic_error("something is still out");
        use(used);
        throw;
    }
}

template <class Pool> void pool_scenario() {
    PoolConfig config = test::config(3);
    config.initial_capacity = 1;
    config.growth = GrowthStrategy::linear(2);
    Pool pool(test::other_picture, config);
    use_again_after_failure(pool, [](Pool& used) {
        used.on_warning([](const std::string&) {});
        std::array<PooledFrame, 5> frames;
        for (PooledFrame& frame : frames)
            frame = used.acquire(); // the last two beyond the maximum
        frames = {};
        used.trim();
        ForeignFrame foreign;
        foreign.release = [](void*) noexcept {};
        const PooledFrame adopted = used.adopt(foreign);
        const PooledFrame frame = used.acquire();
        static_cast<void>(used.ledger());
    });
}

} // namespace

TEMPLATE_TEST_CASE("whichever allocation fails, a pool leaves nothing behind and works on", "[pools][failure]",
                   WEIR_FRAME_POOLS) {
    CHECK(for_all_k(pool_scenario<TestType>) > 10);
}

TEST_CASE("whichever allocation fails, a registry leaves nothing behind and works on", "[pools][failure]") {
    const std::size_t calls = for_all_k([] {
        PoolRegistry registry;
        use_again_after_failure(registry, [](PoolRegistry& used) {
            auto pool = used.frames(test::other_picture);
            pool.add_demand(2);
            const PooledFrame frame = pool.acquire();
            used.prewarm(test::small_picture, 2);
            static_cast<void>(used.samples(test::stereo, 1024).acquire(test::stereo, 1024));
            static_cast<void>(used.stats());
            static_cast<void>(used.ledger());
            used.trim_cold();
            used.trim();
        });
    });
    CHECK(calls > 20);
}

namespace {

/// Asks on behalf of a waiter, which leaves the line in any case.
template <class Pool> bool gets_one_or_stands_in_line(Pool& pool) {
    test::CountingWaiter waiter;
    struct Leaves {
        Pool& pool;
        Waiter& waiter;
        ~Leaves() { pool.cancel_wait(waiter); }
    } const leaves{pool, waiter};
    return static_cast<bool>(pool.acquire_or_notify(waiter));
}

/// What is thrown when it is not std::bad_alloc.
template <class Refusal, class Ask> void is_refused(Ask ask) {
    try {
        ask();
    } catch (const Refusal&) {
        return;
    }
    throw std::logic_error("not refused");
}

} // namespace

TEMPLATE_TEST_CASE("whichever allocation fails, a pool at its maximum refuses, waits and spills, and works on",
                   "[pools][failure]", WEIR_FRAME_POOLS) {
    const std::size_t calls = for_all_k([] {
        TestType pool(test::other_picture, test::config(1, OverflowPolicy::fail));
        use_again_after_failure(pool, [](TestType& used) {
            const PooledFrame only = used.acquire();
            is_refused<PoolExhausted>([&] { static_cast<void>(used.acquire()); });
            if (used.acquire_for(std::chrono::microseconds(50)) || gets_one_or_stands_in_line(used))
                throw std::logic_error("there was another");
            const PooledFrame more = used.acquire_or_spill();
        });
    });
    CHECK(calls > 5);
}

TEST_CASE("whichever allocation fails, a registry at its budget refuses and lets wait, and works on", "[pools][failure]") {
    const Locking locking = GENERATE(Locking::mutex, Locking::lock_free);
    const std::size_t calls = for_all_k([locking] {
        RegistryConfig config;
        config.max_bytes = frame_layout(test::small_picture).bytes;
        config.locking = locking;
        PoolRegistry registry(std::move(config));
        use_again_after_failure(registry, [](PoolRegistry& used) {
            auto pool = used.frames(test::small_picture);
            auto other = used.frames(test::other_picture);
            other.add_demand(1);
            PooledFrame all = pool.acquire();
            is_refused<BudgetExhausted>([&] { static_cast<void>(other.acquire()); });
            is_refused<BudgetExhausted>([&] { static_cast<void>(other.acquire_for(std::chrono::microseconds(50))); });
            if (gets_one_or_stands_in_line(other))
                throw std::logic_error("there was another");
            all.reset();
            const PooledFrame instead = other.acquire_or_spill();
            if (pool.stats().available != 0)
                throw std::logic_error("it did not make room");
        });
    });
    CHECK(calls > 20);
}

TEMPLATE_TEST_CASE("whichever allocation fails, a pool of sound leaves nothing behind and works on", "[pools][failure]",
                   SharedSamplePool, LockFreeSamplePool) {
    const std::size_t calls = for_all_k([] {
        TestType pool(test::stereo, 256, test::config(2));
        use_again_after_failure(pool, [](TestType& used) {
            const PooledSamples one = used.acquire(test::stereo, 256);
            const PooledSamples two = used.try_acquire(test::stereo, 100);
            const PooledSamples three = used.acquire_or_spill(test::stereo, 1);
            std::byte* planes[2] = {};
            ForeignSamples foreign;
            foreign.plane = planes;
            foreign.release = [](void*) noexcept {};
            const PooledSamples adopted = used.adopt(foreign, test::stereo, 256);
        });
    });
    CHECK(calls > 5);
}

TEST_CASE("whichever allocation fails, foreign memory is released once", "[pools][failure][adopt]") {
    for_all_k([] {
        int released = 0;
        ForeignFrame foreign;
        foreign.release = [](void* opaque) noexcept { ++*static_cast<int*>(opaque); };
        foreign.opaque = &released;
        SharedFramePool pool(test::other_picture);
        try {
            static_cast<void>(pool.adopt(foreign));
        } catch (const std::bad_alloc&) {
            if (released != 1)
                throw std::logic_error("not released once");
            throw;
        }
        if (released != 1)
            throw std::logic_error("not released once");
    });
}

TEST_CASE("whichever allocation fails, plain pools and bare buffers leave nothing behind", "[pools][failure]") {
    for_all_k([] {
        FrameBuffer alone(test::other_picture);
        PoolConfig config = test::config(2);
        config.initial_capacity = 1;
        FramePool pool(test::other_picture, config);
        FrameBuffer one = pool.acquire();
        FrameBuffer two = pool.acquire();
        pool.release(std::move(one));
    });
}

TEST_CASE("in the steady state nothing is allocated at all, headers and free lists included", "[pools][failure]") {
    const auto allocations = [](auto&& pool) {
        const auto quota = Quota::make(4);
        ForeignFrame foreign;
        foreign.release = [](void*) noexcept {};
        const auto round = [&] {
            static_cast<void>(quota->try_take());
            PooledFrame one = pool.acquire({.quota = quota, .holder = {}, .now = 1});
            PooledFrame two = pool.acquire();
            const PooledFrame adopted = pool.adopt(foreign);
            const PooledFrame copy = one.view({0, 0, 8, 8});
        };
        round();
        calls_left = 1'000'000;
        for (int i = 0; i < 100; ++i)
            round();
        return 1'000'000 - std::exchange(calls_left, 0);
    };
    CHECK(allocations(SharedFramePool(test::other_picture)) == 0);
    CHECK(allocations(LockFreeFramePool(test::other_picture)) == 0);
}
