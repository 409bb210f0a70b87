// The count behind a quota, under all interleavings and memory orders that Relacy finds. The line is told in a few lines
// as Quota tells it.
#include <weir/pools/detail/quota_count.hpp>

#include "model_check.hpp"

namespace {

/// A step that is needed, so that without it something must be found.
enum class LeftOut : std::uint8_t { nothing, second_look, telling };

/// A quota of one with a line of one.
template <template <class> class Atomic, LeftOut left_out> struct Line {
    weir::detail::QuotaCount<Atomic> count;
    rl::mutex lock;
    rl::var<int> in_line{0};
    rl::var<int> told{0};

    explicit Line(std::size_t limit) : count(limit) {}

    /// True if taken; otherwise somebody must tell.
    bool take_or_wait() {
        if (count.try_take())
            return true;
        lock.lock($);
        count.get_in_line();
        in_line($) = 1;
        const bool taken = left_out != LeftOut::second_look && count.try_take() != 0;
        if (taken) {
            in_line($) = 0;
            count.line_is_empty();
        }
        lock.unlock($);
        return taken;
    }
    void tell() {
        if (left_out == LeftOut::telling || !count.anybody_in_line())
            return;
        lock.lock($);
        if (in_line($) != 0 && count.room() != 0) {
            in_line($) = 0;
            told($) = 1;
        }
        if (in_line($) == 0)
            count.line_is_empty();
        lock.unlock($);
    }
};

} // namespace

/// One waits while another gives back: it takes or it is told.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct WaitAndGiveBack : rl::test_suite<WaitAndGiveBack<Atomic, left_out>, 2> {
    Line<Atomic, left_out> line{1};
    bool taken = false;

    void before() { RL_ASSERT(line.count.try_take() == 1); }
    void thread(unsigned index) {
        if (index == 0) {
            taken = line.take_or_wait();
            return;
        }
        line.count.give_back();
        line.tell();
    }
    void after() {
        RL_ASSERT(taken || (line.told($) == 1 && line.count.try_take() == 1));
        RL_ASSERT(line.count.out() == 1);
    }
};

/// One waits while another raises the limit and a third takes and gives back: it takes or it is told, and never more
/// are out than may be.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct WaitAndGrow : rl::test_suite<WaitAndGrow<Atomic, left_out>, 3> {
    Line<Atomic, left_out> line{0};
    bool taken = false;

    void thread(unsigned index) {
        switch (index) {
        case 0: taken = line.take_or_wait(); break;
        case 1:
            line.count.grow();
            line.tell();
            break;
        default:
            if (const std::size_t out = line.count.try_take()) {
                RL_ASSERT(out == 1);
                line.count.give_back();
                line.tell();
            }
        }
    }
    void after() { RL_ASSERT(taken || (line.told($) == 1 && line.count.try_take() == 1)); }
};

int main() {
    using enum LeftOut;
    using model::Atomic, model::AtomicWithoutSequence;
    return model::check<WaitAndGiveBack<Atomic>>(100'000) | model::check<WaitAndGrow<Atomic>>(100'000) |
           model::must_fail<WaitAndGiveBack<AtomicWithoutSequence>>(100'000, "giving back, not sequentially consistent") |
           model::must_fail<WaitAndGrow<AtomicWithoutSequence>>(100'000, "raising the limit, not sequentially consistent") |
           model::must_fail<WaitAndGiveBack<Atomic, second_look>>(100'000, "no second look for what was given back") |
           model::must_fail<WaitAndGiveBack<Atomic, telling>>(100'000, "given back without telling") |
           model::must_fail<WaitAndGrow<Atomic, second_look>>(100'000, "no second look for a raised limit") |
           model::must_fail<WaitAndGrow<Atomic, telling>>(100'000, "the limit raised without telling");
}
