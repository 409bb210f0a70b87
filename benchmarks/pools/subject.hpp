#pragma once
// What is compared: pools that give 1080p frames. Each subject is a struct of this shape:
//
//   using Handle = ...;                    // movable; dropping it returns the frame
//   Handle acquire();                      // from any thread
//   static Handle copy(const Handle&);     // another handle to the same frame
//   static constexpr const char* name
#include "measure.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace bench {

inline constexpr unsigned width = 1920;
inline constexpr unsigned height = 1080;
inline constexpr std::size_t most_out = 16; ///< frames of a pool that are out at once, at most

/// A frame taken and returned, by each thread for itself.
template <class Subject> double acquire_release(Subject& pool, unsigned threads, std::size_t operations) {
    return time_threads(threads, operations, [&](unsigned) {
        for (std::size_t i = 0; i < operations; ++i)
            const auto frame = pool.acquire();
    });
}

/// A way for frames between two threads, the same for all subjects: a ring of a few slots, one writer, one reader.
template <class Handle> class Ring {
public:
    bool put(Handle& handle) {
        Slot& slot = slots_[in_ % slots_.size()];
        if (slot.full.load(std::memory_order_acquire)) // pairs with the reader's store
            return false;
        slot.handle.emplace(std::move(handle));
        slot.full.store(true, std::memory_order_release);
        ++in_;
        return true;
    }
    /// Drops the oldest; false if there is none.
    bool drop() {
        Slot& slot = slots_[out_ % slots_.size()];
        if (!slot.full.load(std::memory_order_acquire)) // pairs with the writer's store
            return false;
        slot.handle.reset();
        slot.full.store(false, std::memory_order_release);
        ++out_;
        return true;
    }

private:
    struct alignas(64) Slot {
        std::atomic<bool> full{false};
        std::optional<Handle> handle;
    };
    std::array<Slot, 4> slots_;
    alignas(64) std::size_t in_ = 0;
    alignas(64) std::size_t out_ = 0;
};

inline constexpr std::size_t patience = 2000; ///< rounds

/// The pattern of a pipeline. With one thread a frame goes back some frames after it was taken; with two, each takes frames
/// and returns those that the other took.
template <class Subject> double acquire_here_release_there(Subject& pool, unsigned threads, std::size_t operations) {
    using Handle = typename Subject::Handle;
    std::array<Ring<Handle>, 2> rings;
    return time_threads(threads, operations, [&](unsigned index) {
        Ring<Handle>& to = rings[index];
        Ring<Handle>& from = rings[threads == 1 ? 0 : 1 - index];
        std::size_t put = 0;
        std::size_t dropped = 0;
        std::optional<Handle> waiting;
        for (std::size_t in_vain = 0; put < operations || dropped < operations; ++in_vain) {
            if (in_vain == patience) { // the other one does not run: the machine has other work
                std::this_thread::yield();
                in_vain = 0;
            }
            if (put < operations) {
                if (!waiting)
                    waiting.emplace(pool.acquire());
                if (to.put(*waiting)) {
                    waiting.reset();
                    ++put;
                    in_vain = 0;
                }
            }
            // With one thread only when the ring is full, so that frames do stay out for a while.
            if ((threads == 2 || waiting || put == operations) && from.drop()) {
                ++dropped;
                in_vain = 0;
            }
        }
    });
}

/// Another handle made and dropped; two threads copy handles to one frame.
template <class Subject> double handle_copy(Subject& pool, unsigned threads, std::size_t operations) {
    const auto frame = pool.acquire();
    return time_threads(threads, operations, [&](unsigned) {
        for (std::size_t i = 0; i < operations; ++i)
            const auto copy = Subject::copy(frame);
    });
}

} // namespace bench
