#pragma once
// What a pipeline does when a stage fails.
#include <chrono>
#include <cstdint>

namespace weir {

/// The policy of one stage; `StageOptions::on_error`.
struct ErrorPolicy {
    enum class Kind : std::uint8_t {
        fail,    ///< the pipeline is cancelled, `wait` throws
        skip,    ///< the item is left out and the error counted: map, filter, sink and parallel do, others by `report`
        restart, ///< the stage's coroutine is made anew and goes on with its next item; what it held is lost
        detach,  ///< the stage ends, and with it what only it feeds; the rest goes on
    };
    Kind kind = Kind::fail;
    unsigned restarts = 0; ///< at most so many in a run; the next error is the pipeline's
    std::chrono::nanoseconds back_off =
        {}; ///< before the first restart, by the engine's clock; doubles with each, up to a minute

    [[nodiscard]] static constexpr ErrorPolicy skip() noexcept { return {Kind::skip, 0, {}}; }
    [[nodiscard]] static constexpr ErrorPolicy restart(unsigned times,
                                                       std::chrono::nanoseconds back_off = std::chrono::milliseconds(100)) {
        return {Kind::restart, times, back_off};
    }
    [[nodiscard]] static constexpr ErrorPolicy detach() noexcept { return {Kind::detach, 0, {}}; }
};

} // namespace weir
