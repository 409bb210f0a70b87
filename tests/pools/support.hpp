#pragma once
// What the tests of the pools share.
#include <weir/pools/allocator.hpp>
#include <weir/pools/shared_pool.hpp>
#include <weir/pools/waiter.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <latch>
#include <limits>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace test {

inline const weir::VideoFormat small_picture{64, 48, weir::PixelFormat::yuv420p};
inline const weir::VideoFormat other_picture{32, 32, weir::PixelFormat::rgb24};
inline const weir::AudioFormat stereo{weir::SampleFormat::fltp, weir::ChannelLayout::of(2), 48000};

/// Counts what is allocated and not freed, and fails from the call of that number on, for so many calls.
class CountingAllocator final : public weir::BufferAllocator {
public:
    std::byte* allocate(std::size_t bytes, std::size_t alignment) override {
        const std::size_t call = ++calls_;
        if (call >= fail_from_ && call < fail_until_)
            throw std::bad_alloc();
        std::byte* const memory = weir::host_allocator().allocate(bytes, alignment);
        ++live_;
        bytes_ += bytes;
        return memory;
    }
    void deallocate(std::byte* memory, std::size_t bytes, std::size_t alignment) noexcept override {
        weir::host_allocator().deallocate(memory, bytes, alignment);
        --live_;
        bytes_ -= bytes;
    }

    /// Calls count from 1.
    void fail(std::size_t from, std::size_t count = std::numeric_limits<std::size_t>::max() / 2) {
        fail_from_ = calls_ + from;
        fail_until_ = fail_from_ + count;
    }
    [[nodiscard]] std::size_t calls() const { return calls_; }
    [[nodiscard]] std::size_t live() const { return live_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    std::atomic<std::size_t> calls_{0};
    std::atomic<std::size_t> live_{0};
    std::atomic<std::size_t> bytes_{0};
    std::atomic<std::size_t> fail_from_{std::numeric_limits<std::size_t>::max()};
    std::atomic<std::size_t> fail_until_{std::numeric_limits<std::size_t>::max()};
};

/// Counts how often it was told.
class CountingWaiter final : public weir::Waiter {
public:
    void notify() noexcept override { told_.fetch_add(1, std::memory_order_release); }
    [[nodiscard]] int told() const { return told_.load(std::memory_order_acquire); }

private:
    std::atomic<int> told_{0};
};

/// A waiter that a thread can sleep on.
class SleepingWaiter final : public weir::Waiter {
public:
    void notify() noexcept override {
        told_.store(true, std::memory_order_release);
        told_.notify_one();
    }
    void sleep() {
        told_.wait(false, std::memory_order_acquire);
        told_.store(false, std::memory_order_relaxed);
    }

private:
    std::atomic<bool> told_{false};
};

/// Until it is so; another thread makes it so.
template <class F> void until(F f) {
    while (!f())
        std::this_thread::yield();
}

/// Runs `body(index)` on so many threads, which begin together, and waits for them.
template <class Body> void on_threads(unsigned count, Body body) {
    std::latch start(count);
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < count; ++i)
        threads.emplace_back([i, &start, &body] {
            start.arrive_and_wait();
            body(i);
        });
}

/// WEIR_SEED to run a failure again; otherwise another one each time. Tests print it.
inline std::uint64_t seed() {
    if (const char* const wanted = std::getenv("WEIR_SEED"))
        return std::strtoull(wanted, nullptr, 10);
    return std::random_device{}();
}

/// The identities that the figures of a pool keep at every moment.
inline bool adds_up(const weir::PoolStats& stats) {
    return stats.capacity == stats.available + stats.in_use && stats.total_acquires - stats.total_releases == stats.in_use;
}

inline weir::PoolConfig config(std::size_t maximum, weir::OverflowPolicy overflow = weir::OverflowPolicy::spill) {
    weir::PoolConfig config;
    config.max_capacity = maximum;
    config.overflow = overflow;
    return config;
}

/// The mutex and the lock-free pool of either medium, made and acquired from in the same way.
struct MutexFrames {
    using Pool = weir::SharedFramePool;
    static Pool make(const weir::PoolConfig& config) { return Pool(small_picture, config); }
    static auto acquire(Pool& pool) { return pool.acquire(); }
};
struct LockFreeFrames {
    using Pool = weir::LockFreeFramePool;
    static Pool make(const weir::PoolConfig& config) { return Pool(small_picture, config); }
    static auto acquire(Pool& pool) { return pool.acquire(); }
};
struct MutexSamples {
    using Pool = weir::SharedSamplePool;
    static Pool make(const weir::PoolConfig& config) { return Pool(stereo, 1024, config); }
    static auto acquire(Pool& pool) { return pool.acquire(stereo, 1024); }
};
struct LockFreeSamples {
    using Pool = weir::LockFreeSamplePool;
    static Pool make(const weir::PoolConfig& config) { return Pool(stereo, 1024, config); }
    static auto acquire(Pool& pool) { return pool.acquire(stereo, 1024); }
};

} // namespace test

#define WEIR_FRAME_POOLS weir::SharedFramePool, weir::LockFreeFramePool
#define WEIR_ALL_POOLS test::MutexFrames, test::LockFreeFrames, test::MutexSamples, test::LockFreeSamples
