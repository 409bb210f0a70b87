#pragma once
// What lets one activation of a stage through at a time and loses none that is needed.
#include <atomic>
#include <cstdint>

namespace weir::detail {

enum class StageState : std::uint8_t { idle, scheduled, running, rerun, finished };

/// Told by any thread, moved on by the activation that runs, of which there is one at most. Whatever a thread wrote before it
/// told, in whichever order, is seen by an activation that begins after: telling always writes, also what is there already,
/// and to begin reads what was written last. Sequentially consistent is what the stall rule looks at: of two stages that go to
/// rest at once, one sees that the other does.
template <template <class> class Atomic = std::atomic> class ActivationState {
public:
    /// Something has changed. True for the one who is to post an activation.
    [[nodiscard]] bool tell() noexcept {
        State state = state_.load(std::memory_order_relaxed);
        for (;;) {
            switch (state) {
            case State::idle:
                if (state_.compare_exchange_weak(state, State::scheduled, std::memory_order_acq_rel))
                    return true;
                break;
            case State::running:
                if (state_.compare_exchange_weak(state, State::rerun, std::memory_order_acq_rel))
                    return false;
                break;
            case State::scheduled:
            case State::rerun:
                if (state_.compare_exchange_weak(state, state, std::memory_order_acq_rel))
                    return false; // read by the `begin` to come
                break;
            case State::finished: return false;
            }
        }
    }

    // The activation's.
    void begin() noexcept { state_.exchange(State::running, std::memory_order_acq_rel); }
    /// False: told of something meanwhile, `begin` and look again. True: from here on another activation may run, even to the
    /// end.
    [[nodiscard]] bool rest() noexcept {
        State running = State::running;
        return state_.compare_exchange_strong(running, State::idle, std::memory_order_seq_cst);
    }
    /// The activation goes to the back of the queue: its caller posts it.
    void yield() noexcept { state_.exchange(State::scheduled, std::memory_order_acq_rel); } // reads, as `begin` does
    void finish() noexcept { state_.store(State::finished, std::memory_order_seq_cst); }

    /// While nobody tells and nothing runs.
    void start_again() noexcept { state_.store(State::idle, std::memory_order_seq_cst); }

    [[nodiscard]] bool idle() const noexcept { return state_.load(std::memory_order_seq_cst) == State::idle; }
    [[nodiscard]] bool finished() const noexcept { return state_.load(std::memory_order_seq_cst) == State::finished; }

private:
    using State = StageState;
    Atomic<State> state_{State::idle};
};

} // namespace weir::detail
