// The word on which a pool's threads agree, under all interleavings and memory orders that Relacy finds. The pool around
// it is told in a few lines as PoolCoreOf tells it: pushed before counted, claimed before popped.
#include "guarded_atomic.hpp"
#include "model_check.hpp"
#include "usage_word.hpp"

using weir::detail::Usage;
template <template <class> class Atomic> using Word = weir::detail::UsageWord<Atomic>;

namespace {

/// A step that is needed, so that without it something must be found.
enum class LeftOut : std::uint8_t { nothing, second_look, telling, push_first, place_of_the_closer, passing_on };

/// A free list that says only how many it holds, and a pool that must not be touched after its end.
template <template <class> class Atomic> struct Pool {
    Word<Atomic> usage;
    model::Atomic<int> listed{0};
    rl::var<int> contents{0}; ///< of the one buffer: whoever has it writes
    rl::var<int> alive{1};    ///< reading it after the end is a data race or a failure

    void touch() { RL_ASSERT(alive($) == 1); }
    void push() { listed.fetch_add(1, std::memory_order_relaxed); }
    void pop() { RL_ASSERT(listed.fetch_sub(1, std::memory_order_relaxed) > 0); }
    void end() { alive($) = 0; }

    void leave(Usage::Bits what) {
        if (usage.leave(what))
            end();
    }
    void free_one(Usage::Bits what) {
        touch();
        pop();
        leave(Usage::one_buffer + what);
    }
    bool take() {
        Usage after;
        if (usage.claim(1, after) != Word<Atomic>::Claim::idle)
            return false;
        RL_ASSERT(after.out() <= after.buffers());
        pop();
        contents($) = contents($) + 1;
        return true;
    }
    void free_idle() {
        for (touch(); usage.claim_for_freeing(0); touch())
            free_one(Usage::one_moving);
    }
    void close() {
        usage.close();
        free_idle();
        leave(Usage::one_adopted);
    }
    void close_without_a_place() {
        usage.close();
        leave(Usage::one_adopted);
        free_idle();
    }
};

/// A pool of one buffer, which is out.
template <template <class> class Atomic> void start_with_one_out(Pool<Atomic>& pool) {
    RL_ASSERT(pool.usage.book(1));
    pool.usage.booked_is_out();
}

} // namespace

/// One returns the buffer while the other acquires, both then the last handle of both goes: nobody finds an empty list
/// after a claim, the pool ends once and is touched by nobody afterwards.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct ReturnAcquireClose : rl::test_suite<ReturnAcquireClose<Atomic, left_out>, 3> {
    Pool<Atomic> pool;
    model::Atomic<int> handles{2};

    void before() { start_with_one_out(pool); }
    void give_back() {
        pool.touch();
        pool.contents($) = pool.contents($) + 1;
        if (left_out != LeftOut::push_first)
            pool.push();
        const bool closed = pool.usage.give(Usage::one_out) == Word<Atomic>::Given::closed;
        if (left_out == LeftOut::push_first)
            pool.push();
        if (closed)
            pool.free_one(Usage::one_out);
    }
    void drop_handle() {
        if (handles.fetch_sub(1, std::memory_order_acq_rel) != 1)
            return;
        if (left_out == LeftOut::place_of_the_closer) // so that others may end the pool while it still frees
            pool.close_without_a_place();
        else
            pool.close();
    }
    void thread(unsigned index) {
        switch (index) {
        case 0: return give_back();
        case 1:
            if (pool.take())
                give_back();
            return drop_handle();
        default: return drop_handle();
        }
    }
    void after() { RL_ASSERT(pool.alive($) == 0); }
};

/// One waits in line while the other returns the buffer: either it finds the buffer or it is told.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct WaitAndReturn : rl::test_suite<WaitAndReturn<Atomic, left_out>, 2> {
    Pool<Atomic> pool;
    rl::mutex line;
    rl::var<int> in_line{0};
    rl::var<int> told{0};
    bool found = false;

    void before() { start_with_one_out(pool); }
    void wait() {
        if ((found = pool.take()))
            return;
        line.lock($);
        in_line($) = 1;
        pool.usage.get_in_line();
        if (left_out != LeftOut::second_look && (found = pool.take())) {
            in_line($) = 0;
            pool.usage.line_is_empty();
        }
        line.unlock($);
    }
    void give_back() {
        pool.contents($) = pool.contents($) + 1;
        pool.push();
        while (pool.usage.give(Usage::one_out) == Word<Atomic>::Given::waiting) {
            line.lock($);
            const bool somebody = in_line($) != 0;
            if (somebody) {
                RL_ASSERT(!pool.usage.leave(Usage::one_out));
                in_line($) = 0;
                told($) = left_out == LeftOut::telling ? 0 : 1;
            } else {
                pool.usage.line_is_empty();
            }
            line.unlock($);
            if (somebody)
                return;
        }
    }
    void thread(unsigned index) { index == 0 ? wait() : give_back(); }
    void after() { RL_ASSERT(found || (told($) == 1 && pool.take())); }
};

/// Two stand in line while a third returns the buffer. The first leaves the line, whether or not it was told, and gives back
/// what it found: the second finds the buffer or is told.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct LeaveAndReturn : rl::test_suite<LeaveAndReturn<Atomic, left_out>, 3> {
    Pool<Atomic> pool;
    rl::mutex line;
    rl::var<int> in_line[2]{0, 0};
    rl::var<int> told{0}; ///< the second
    bool found = false;

    void before() { start_with_one_out(pool); }
    void tell() {
        if (in_line[0]($) != 0) {
            in_line[0]($) = 0;
        } else if (in_line[1]($) != 0) {
            in_line[1]($) = 0;
            told($) = 1;
        }
    }
    bool wait(unsigned index) {
        line.lock($);
        in_line[index]($) = 1;
        pool.usage.get_in_line();
        const bool took = pool.take();
        if (took) {
            in_line[index]($) = 0;
            if (in_line[0]($) == 0 && in_line[1]($) == 0)
                pool.usage.line_is_empty();
        }
        line.unlock($);
        return took;
    }
    void leave_line() {
        line.lock($);
        in_line[0]($) = 0;
        if (in_line[1]($) == 0)
            pool.usage.line_is_empty();
        else if (left_out != LeftOut::passing_on && pool.usage.load().has_room(1))
            tell();
        line.unlock($);
    }
    void give_back() {
        pool.contents($) = pool.contents($) + 1;
        pool.push();
        while (pool.usage.give(Usage::one_out) == Word<Atomic>::Given::waiting) {
            line.lock($);
            const bool somebody = in_line[0]($) != 0 || in_line[1]($) != 0;
            if (somebody) {
                RL_ASSERT(!pool.usage.leave(Usage::one_out));
                tell();
            } else {
                pool.usage.line_is_empty();
            }
            line.unlock($);
            if (somebody)
                return;
        }
    }
    void thread(unsigned index) {
        switch (index) {
        case 0:
            if (wait(0))
                give_back();
            else
                leave_line();
            break;
        case 1: found = wait(1); break;
        default: give_back();
        }
    }
    void after() { RL_ASSERT(found || (told($) == 1 && pool.take())); }
};

/// One waits for room under a maximum of 0 while the other raises it: either it finds the room or it is told.
template <template <class> class Atomic, template <class> class WordAtomic = Atomic, LeftOut left_out = LeftOut::nothing>
struct WaitAndRaise : rl::test_suite<WaitAndRaise<Atomic, WordAtomic, left_out>, 2> {
    Word<WordAtomic> usage;
    Atomic<int> maximum{0};
    rl::mutex line;
    rl::var<int> in_line{0};
    rl::var<int> told{0};
    bool found = false;

    bool look() {
        Usage after;
        return usage.claim(static_cast<std::size_t>(maximum.load(std::memory_order_seq_cst)), after) ==
               Word<WordAtomic>::Claim::room;
    }
    void thread(unsigned index) {
        if (index == 0) {
            line.lock($);
            in_line($) = 1;
            usage.get_in_line();
            found = left_out != LeftOut::second_look && look();
            line.unlock($);
            return;
        }
        maximum.fetch_add(1, std::memory_order_seq_cst);
        if (left_out == LeftOut::telling || !usage.is_waiting())
            return;
        line.lock($);
        told($) = in_line($);
        line.unlock($);
    }
    void after() { RL_ASSERT(found || told($) == 1); }
};

/// As a pool with a lock has it: changed by one thread at a time.
template <class T> using Guarded = weir::detail::GuardedAtomic<T, model::Atomic>;
template <class T> using GuardedWithoutSequence = weir::detail::GuardedAtomic<T, model::AtomicWithoutSequence>;

int main() {
    using enum LeftOut;
    using model::Atomic, model::AtomicWithoutAcquire, model::AtomicWithoutRelease, model::AtomicWithoutSequence;
    return model::check<ReturnAcquireClose<Atomic>>(100'000) | model::check<WaitAndReturn<Atomic>>(50'000) |
           model::check<WaitAndRaise<Atomic>>(50'000) | model::check<WaitAndRaise<Atomic, Guarded>>(50'000) |
           model::must_fail<ReturnAcquireClose<AtomicWithoutAcquire>>(100'000, "return and close without acquire") |
           model::must_fail<ReturnAcquireClose<AtomicWithoutRelease>>(100'000, "return and close without release") |
           model::must_fail<WaitAndReturn<AtomicWithoutAcquire>>(100'000, "waiting and returning without acquire") |
           model::must_fail<WaitAndReturn<AtomicWithoutRelease>>(100'000, "waiting and returning without release") |
           model::must_fail<WaitAndRaise<AtomicWithoutSequence>>(100'000, "raising the maximum, not sequentially consistent") |
           model::must_fail<WaitAndRaise<Atomic, GuardedWithoutSequence>>(
               100'000, "raising the maximum, the word under a lock and not sequentially consistent") |
           model::must_fail<ReturnAcquireClose<Atomic, push_first>>(100'000, "counted as idle before it is pushed") |
           model::must_fail<ReturnAcquireClose<Atomic, place_of_the_closer>>(100'000, "closed without a place of one's own") |
           model::must_fail<WaitAndReturn<Atomic, second_look>>(100'000, "no second look for a buffer") |
           model::must_fail<WaitAndReturn<Atomic, telling>>(100'000, "a buffer returned without telling") |
           model::check<LeaveAndReturn<Atomic>>(50'000) |
           model::must_fail<LeaveAndReturn<Atomic, passing_on>>(100'000, "what one was told of not passed on") |
           model::must_fail<WaitAndRaise<Atomic, Atomic, second_look>>(100'000, "no second look for room") |
           model::must_fail<WaitAndRaise<Atomic, Atomic, telling>>(100'000, "the maximum raised without telling");
}
