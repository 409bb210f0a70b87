#pragma once
// A lock for a few instructions.
#include <weir/pools/detail/mutex.hpp>

#include <atomic>
#include <thread>

namespace weir::detail {

/// For sections of a few instructions that never block, allocate or call anything: who finds it taken tries again, and after
/// a while lets others run. Taking it free is one exchange, letting go a plain store: a std::mutex needs two exchanges, and
/// under contention puts to sleep who would have had it within nanoseconds. Thread-safe.
template <template <class> class Atomic> class WEIR_CAPABILITY("mutex") BasicSpinLock {
public:
    void lock() noexcept WEIR_ACQUIRE() {
        while (taken_.exchange(true, std::memory_order_acquire)) // pairs with unlock
            wait();
    }
    void unlock() noexcept WEIR_RELEASE() { taken_.store(false, std::memory_order_release); } // pairs with lock

private:
    /// Away from the owner's cache line for as long as a few dozen sections take: it then gets on with what it has in its
    /// cache, where two that alternate would fetch everything from each other each time.
    void wait() const noexcept {
        constexpr int pauses = 32; // one to two microseconds
        constexpr int patience = 16;
        for (int round = 0; round < patience; ++round) {
            for (int i = 0; i < pauses; ++i)
                rest();
            if (!taken_.load(std::memory_order_relaxed))
                return;
        }
        std::this_thread::yield();
    }
    static void rest() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("isb" ::: "memory"); // `yield` does nothing there
#endif
    }
    Atomic<bool> taken_{false};
};

using SpinLock = BasicSpinLock<std::atomic>;

} // namespace weir::detail
