#pragma once
// Until when a call that blocks may go on.
#include <chrono>
#include <stop_token>

namespace weir {

/// Given to code that blocks on an I/O thread: it returns soon once the limit is reached.
struct IoLimit {
    std::stop_token stop{}; ///< asked to stop: the pipeline is cancelled or drained
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();

    [[nodiscard]] bool reached() const noexcept {
        return stop.stop_requested() ||
               (deadline != std::chrono::steady_clock::time_point::max() && std::chrono::steady_clock::now() >= deadline);
    }
};

} // namespace weir
