// The spin lock, and a pool's stock under it as the default pools have it, under all interleavings and memory orders that
// Relacy finds.
// clang-format off: the standard's headers come before the model's
#include "guarded_atomic.hpp"
#include "spin_lock.hpp"
#include "stock.hpp"

#include "model_check.hpp"
// clang-format on

namespace {

using weir::detail::PoolBlock;
using weir::detail::Usage;

enum class LeftOut : std::uint8_t { nothing, lock, place_of_the_closer };

template <template <class> class Atomic> struct Word {
    template <class T> using Of = weir::detail::GuardedAtomic<T, Atomic>;
};

rl::var<int>* alive = nullptr; // the stock that is explored: reading it after its end is a data race or a failure

template <template <class> class Atomic, LeftOut left_out> class Guard {
public:
    void lock() WEIR_NO_THREAD_SAFETY_ANALYSIS { // on a condition
        if (left_out != LeftOut::lock)
            lock_.lock();
        RL_ASSERT((*alive)($) == 1);
    }
    void unlock() WEIR_NO_THREAD_SAFETY_ANALYSIS {
        RL_ASSERT((*alive)($) == 1);
        if (left_out != LeftOut::lock)
            lock_.unlock();
    }

private:
    weir::detail::BasicSpinLock<Atomic> lock_;
};

/// Of one block at most. Not atomic: the guard is for it, too.
class List {
public:
    void push(PoolBlock& block) {
        RL_ASSERT(first_($) == nullptr);
        first_($) = &block;
    }
    PoolBlock* pop() {
        PoolBlock* const block = first_($);
        RL_ASSERT(block != nullptr);
        first_($) = nullptr;
        return block;
    }

private:
    rl::var<PoolBlock*> first_{nullptr};
};

PoolBlock the_block;

} // namespace

/// Three change something that is not atomic.
template <template <class> class Atomic> struct Exclusion : rl::test_suite<Exclusion<Atomic>, 3> {
    weir::detail::BasicSpinLock<Atomic> lock;
    rl::var<int> count{0};

    void thread(unsigned) {
        lock.lock();
        count($) = count($) + 1;
        lock.unlock();
    }
    void after() { RL_ASSERT(count($) == 3); }
};

/// One returns the buffer while the other acquires and returns it, then the last handle goes: the stock ends once, nobody
/// touches it or its lock afterwards, and the buffer is never in two hands.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct ReturnAcquireClose : rl::test_suite<ReturnAcquireClose<Atomic, left_out>, 3> {
    using Stock = weir::detail::Stock<Guard<Atomic, left_out>, Word<Atomic>::template Of, List>;
    rl::var<int> lives{1};
    rl::var<int> contents{0}; ///< of the buffer: whoever has it writes
    model::Atomic<int> handles{2};
    Stock stock;

    void before() {
        alive = &lives;
        RL_ASSERT(stock.book(1));
        stock.booked_is_out();
    }
    void leave(Usage::Bits what) {
        if (stock.leave(what))
            lives($) = 0;
    }
    void give_back() {
        contents($) = contents($) + 1;
        if (stock.give_back(the_block) != Stock::Given::closed)
            return;
        static_cast<void>(stock.pop());
        leave(Usage::one_buffer + Usage::one_out);
    }
    void drop_handle() {
        if (handles.fetch_sub(1, std::memory_order_acq_rel) != 1)
            return;
        stock.close();
        if (left_out == LeftOut::place_of_the_closer)
            leave(Usage::one_adopted);
        while (stock.claim_for_freeing(0))
            leave(Usage::one_buffer + Usage::one_moving);
        if (left_out != LeftOut::place_of_the_closer)
            leave(Usage::one_adopted);
    }
    void thread(unsigned index) {
        if (index == 0)
            return give_back();
        if (index == 1) {
            Usage after;
            PoolBlock* block = nullptr;
            if (stock.claim(1, after, block) == Stock::Claim::idle)
                give_back();
        }
        drop_handle();
    }
    void after() { RL_ASSERT(lives($) == 0); }
};

int main() {
    using enum LeftOut;
    using model::Atomic, model::AtomicWithoutAcquire, model::AtomicWithoutRelease;
    constexpr unsigned long many = 100'000;
    return model::check<Exclusion<Atomic>>(20'000) | model::check<ReturnAcquireClose<Atomic>>(50'000) |
           model::must_fail<Exclusion<AtomicWithoutAcquire>>(many, "a lock taken without acquire") |
           model::must_fail<Exclusion<AtomicWithoutRelease>>(many, "a lock let go without release") |
           model::must_fail<ReturnAcquireClose<AtomicWithoutAcquire>>(many, "the stock under a lock without acquire") |
           model::must_fail<ReturnAcquireClose<AtomicWithoutRelease>>(many, "the stock under a lock without release") |
           model::must_fail<ReturnAcquireClose<Atomic, lock>>(many, "the stock without its lock") |
           model::must_fail<ReturnAcquireClose<Atomic, place_of_the_closer>>(many, "closed without a place of one's own");
}
