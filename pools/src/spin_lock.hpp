#pragma once
// A lock for a few instructions.
#include <weir/pools/detail/mutex.hpp>

#include <atomic>
#include <thread>

namespace weir::detail {

/// For sections of a few instructions that never block, allocate or call anything: who finds it taken tries again, and after
/// a while lets others run. Taking it free is one exchange, letting go a plain store: a std::mutex needs two exchanges, and
/// under contention puts to sleep who would have had it within nanoseconds. Thread-safe.
class WEIR_CAPABILITY("mutex") SpinLock {
public:
    void lock() noexcept WEIR_ACQUIRE() {
        while (taken_.exchange(true, std::memory_order_acquire)) // pairs with unlock
            wait();
    }
    void unlock() noexcept WEIR_RELEASE() { taken_.store(false, std::memory_order_release); } // pairs with lock

private:
    void wait() const noexcept {
        constexpr int patience = 64;
        for (int i = 0; taken_.load(std::memory_order_relaxed);
             ++i) { // reading only: its cache line is not taken from the owner
            if (i == patience) {
                std::this_thread::yield();
                i = 0;
            }
        }
    }
    std::atomic<bool> taken_{false};
};

} // namespace weir::detail
