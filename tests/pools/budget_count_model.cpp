// Waiting for the bytes of a budget, under all interleavings and memory orders that Relacy finds. The line and the pools are
// told in a few lines as Budget and PoolCoreOf tell them.
#include "budget_count.hpp"
#include "model_check.hpp"
#include "usage_word.hpp"

using weir::detail::Usage;

namespace {

enum class LeftOut : std::uint8_t { nothing, mark, second_look, telling };

/// A line for one.
template <template <class> class Atomic> struct Line {
    weir::detail::BudgetCount<Atomic> count{1};
    rl::mutex lock;
    rl::var<int> in_line{0};
    rl::var<int> told{0};

    void join() {
        lock.lock($);
        in_line($) = 1;
        count.get_in_line();
        lock.unlock($);
    }
    void tell() {
        lock.lock($);
        if (in_line($) != 0)
            told($) = 1;
        lock.unlock($);
    }
};

} // namespace

/// One waits while the other gives bytes back: it gets them or it is told.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct WaitAndSubtract : rl::test_suite<WaitAndSubtract<Atomic, left_out>, 2> {
    Line<Atomic> line;
    bool found = false;

    void before() { RL_ASSERT(line.count.try_add(1) == 1); }
    void thread(unsigned index) {
        if (index == 0) {
            if ((found = line.count.try_add(1) != 0))
                return;
            line.join();
            if (left_out != LeftOut::second_look)
                found = line.count.try_add(1) != 0;
            return;
        }
        line.count.subtract(1);
        if (left_out != LeftOut::telling && line.count.anybody_waits())
            line.tell();
    }
    void after() { RL_ASSERT(found || line.told($) == 1); }
};

/// One waits while another pool's only buffer goes idle: it frees that, or it is told. Pools are marked in their own words, so
/// that a buffer that comes back while nobody waits costs nothing more.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct WaitAndPut : rl::test_suite<WaitAndPut<Atomic, left_out>, 2> {
    using Word = weir::detail::UsageWord<Atomic>;
    Line<Atomic> line;
    Word usage;
    rl::mutex pools_line;
    rl::var<int> contents{0}; ///< of the buffer: whoever has it writes
    bool found = false;

    void before() {
        RL_ASSERT(line.count.try_add(1) == 1);
        RL_ASSERT(usage.book(1));
        usage.booked_is_out();
    }
    bool free_what_is_idle() {
        if (!usage.claim_for_freeing(0))
            return false;
        contents($) = 2;
        RL_ASSERT(!usage.leave(Usage::one_buffer + Usage::one_moving));
        return true;
    }
    void wait() {
        if ((found = free_what_is_idle()))
            return;
        line.join();
        if (left_out != LeftOut::mark) {
            pools_line.lock($);
            usage.get_in_line();
            pools_line.unlock($);
        }
        if (left_out != LeftOut::second_look)
            found = free_what_is_idle();
    }
    void put() {
        contents($) = 1;
        bool tell_then = false;
        while (usage.give(Usage::one_out) != Word::Given::done) { // it is open
            pools_line.lock($);
            usage.line_is_empty();
            tell_then = tell_then || line.count.anybody_waits();
            pools_line.unlock($);
        }
        if (left_out != LeftOut::telling && tell_then)
            line.tell();
    }
    void thread(unsigned index) { index == 0 ? wait() : put(); }
    void after() { RL_ASSERT(found || line.told($) == 1); }
};

/// The mark in the word of a pool whose own line empties at the same time is not lost: a buffer that comes back later tells.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct MarkAndLeave : rl::test_suite<MarkAndLeave<Atomic, left_out>, 2> {
    using Word = weir::detail::UsageWord<Atomic>;
    Line<Atomic> line;
    Word usage;
    rl::mutex pools_line;

    void before() {
        usage.get_in_line(); // by who waits for the pool
    }
    void thread(unsigned index) {
        if (index == 0) {
            line.join();
            pools_line.lock($);
            usage.get_in_line();
            pools_line.unlock($);
            return;
        }
        pools_line.lock($);
        if (left_out == LeftOut::second_look || !line.count.anybody_waits())
            usage.line_is_empty();
        pools_line.unlock($);
    }
    void after() { RL_ASSERT(usage.load().is_waiting()); }
};

int main() {
    using model::Atomic, model::AtomicWithoutAcquire, model::AtomicWithoutRelease;
    using enum LeftOut;
    constexpr unsigned long many = 100'000;
    return model::check<WaitAndSubtract<Atomic>>(50'000) | model::check<WaitAndPut<Atomic>>(50'000) |
           model::check<MarkAndLeave<Atomic>>(50'000) |
           model::must_fail<WaitAndSubtract<AtomicWithoutAcquire>>(many, "giving bytes back without acquire") |
           model::must_fail<WaitAndSubtract<AtomicWithoutRelease>>(many, "getting in line without release") |
           model::must_fail<WaitAndSubtract<Atomic, second_look>>(many, "no look at the bytes after getting in line") |
           model::must_fail<WaitAndSubtract<Atomic, telling>>(many, "bytes given back without telling") |
           model::must_fail<WaitAndPut<AtomicWithoutAcquire>>(many, "going idle without acquire") |
           model::must_fail<WaitAndPut<AtomicWithoutRelease>>(many, "going idle without release") |
           model::must_fail<WaitAndPut<Atomic, mark>>(many, "pools that are not marked") |
           model::must_fail<WaitAndPut<Atomic, second_look>>(many, "no look at idle buffers after marking") |
           model::must_fail<WaitAndPut<Atomic, telling>>(many, "gone idle without telling") |
           model::must_fail<MarkAndLeave<Atomic, second_look>>(many, "a mark cleared without asking for whom it was");
}
