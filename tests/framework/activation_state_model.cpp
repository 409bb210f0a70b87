// Whether a stage is told of everything, and runs on one thread at a time, under all interleavings and memory orders that
// Relacy finds. The core around the state is told in a few lines as StageCore::body tells it.
#include <weir/framework/detail/activation_state.hpp>

#include "model_check.hpp"

namespace weir::detail {

/// For Relacy's account of a failure.
inline std::ostream& operator<<(std::ostream& out, StageState state) { return out << static_cast<int>(state); }

} // namespace weir::detail

namespace {

enum class LeftOut : std::uint8_t { nothing, telling, look_after_rest };

} // namespace

/// Two change something and tell the stage, whose activations two workers run. In the end it has seen both changes, and what it
/// touches was never in two hands: it yields once, so that its activations are on either worker.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct TellAndRun : rl::test_suite<TellAndRun<Atomic, left_out>, 4> {
    weir::detail::ActivationState<Atomic> state;
    model::Atomic<int> changes[2]{0, 0};
    model::Atomic<int> posted{0}; ///< the queue of activations
    model::Atomic<int> told{0};   ///< those who change something that are done
    rl::var<int> seen{0};         ///< the stage's own
    rl::var<int> yields{1};

    void post() { posted.fetch_add(1, std::memory_order_acq_rel); }
    void change(unsigned index) {
        changes[index].store(1, std::memory_order_relaxed); // telling is all that makes it seen
        if (left_out != LeftOut::telling && state.tell())
            post();
        told.fetch_add(1, std::memory_order_acq_rel);
    }
    void look() { seen($) = changes[0].load(std::memory_order_relaxed) + changes[1].load(std::memory_order_relaxed); }
    void activation() {
        for (state.begin();; state.begin()) {
            look();
            if (yields($) > 0) {
                yields($) = yields($) - 1;
                state.yield();
                return post();
            }
            if (state.rest() || left_out == LeftOut::look_after_rest)
                return;
        }
    }
    void work() {
        for (;;) {
            // Read before the queue is: what those posted who are done is in it.
            const bool done = told.load(std::memory_order_acquire) == 2;
            int waiting = posted.load(std::memory_order_acquire);
            if (waiting > 0) {
                if (posted.compare_exchange_strong(waiting, waiting - 1, std::memory_order_acq_rel))
                    activation();
            } else if (done) {
                return; // an activation that yields now is taken by the worker that runs it
            } else {
                rl::yield(1, $);
            }
        }
    }
    void thread(unsigned index) { index < 2 ? change(index) : work(); }
    void after() { RL_ASSERT(seen($) == 2); }
};

int main() {
    using enum LeftOut;
    using model::Atomic, model::AtomicWithoutAcquire, model::AtomicWithoutRelease;
    constexpr unsigned long many = 100'000;
    return model::check<TellAndRun<Atomic>>(50'000) |
           model::must_fail<TellAndRun<AtomicWithoutAcquire>>(many, "beginning without acquire") |
           model::must_fail<TellAndRun<AtomicWithoutRelease>>(many, "telling without release") |
           model::must_fail<TellAndRun<Atomic, telling>>(many, "a change without telling") |
           model::must_fail<TellAndRun<Atomic, look_after_rest>>(many, "resting although one was told");
}
