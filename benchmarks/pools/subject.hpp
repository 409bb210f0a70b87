#pragma once
// What is compared: pools that give 1080p frames. Each subject is a struct of this shape:
//
//   using Handle = ...;                    // movable; dropping it returns the frame
//   Handle acquire();                      // from any thread
//   using Copies = ...;                    // made from a handle, one for each thread: `again()` makes another handle and drops
//   it static constexpr const char* name
#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace bench {

inline constexpr unsigned width = 1920;
inline constexpr unsigned height = 1080;
inline constexpr std::size_t most_out = 16; ///< frames of a pool that are out at once, at most

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

/// What the threads of one measurement share.
template <class Subject> struct Shared {
    Subject pool;
    std::array<Ring<typename Subject::Handle>, 2> rings;
    typename Subject::Handle frame = pool.acquire();

    static inline std::unique_ptr<Shared> now;
    static void set_up(const benchmark::State&) { now = std::make_unique<Shared>(); }
    static void tear_down(const benchmark::State&) { now.reset(); }
};

/// A frame taken and returned, by each thread for itself.
template <class Subject> void acquire_release(benchmark::State& state) {
    Subject& pool = Shared<Subject>::now->pool;
    for (auto _ : state)
        const auto frame = pool.acquire();
}

/// Tries again and again; after a while the other thread may need the processor.
template <class Attempt> void insist(Attempt attempt) {
    constexpr std::size_t patience = 2000;
    for (std::size_t in_vain = 0; !attempt(); ++in_vain)
        if (in_vain % patience == patience - 1)
            std::this_thread::yield();
}

/// The pattern of a pipeline. With one thread a frame goes back some frames after it was taken; with two, each takes frames
/// and returns those that the other took.
template <class Subject> void acquire_here_release_there(benchmark::State& state) {
    Shared<Subject>& shared = *Shared<Subject>::now;
    const auto index = static_cast<std::size_t>(state.thread_index());
    auto& to = shared.rings[index];
    auto& from = shared.rings[state.threads() == 1 ? 0 : 1 - index];
    const auto alone = state.threads() == 1;
    benchmark::IterationCount to_drop = state.max_iterations; // as many as the other puts
    const auto drop = [&] {
        if (to_drop != 0 && from.drop())
            --to_drop;
    };
    benchmark::IterationCount to_put = state.max_iterations;
    for (auto _ : state) {
        auto frame = shared.pool.acquire();
        if (!alone) // alone only when the ring is full, so that frames do stay out for a while
            drop();
        insist([&] { return to.put(frame) || (drop(), false); });
        if (--to_put == 0) // inside, for who leaves the loop waits for the other, who may wait for us
            insist([&] { return drop(), to_drop == 0; });
    }
}

/// Another handle made and dropped; two threads copy handles to one frame.
template <class Subject> void handle_copy(benchmark::State& state) {
    typename Subject::Copies copies(Shared<Subject>::now->frame);
    for (auto _ : state)
        copies.again();
}

} // namespace bench
