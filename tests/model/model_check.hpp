// Runs Relacy test suites from main: `return model::check<LeaseAndReturn>(20'000);`
#pragma once

#include "model_atomic.hpp"

#include <cstdlib>

namespace model {

/// Explores `iterations` random schedules of `Suite`; the environment variable WEIR_MODEL_ITERATIONS, when set, is the number
/// instead. Returns main's exit code. A failure prints the schedule that led to it.
template <class Suite> int check(unsigned long iterations) {
    if (const char* wanted = std::getenv("WEIR_MODEL_ITERATIONS"))
        iterations = std::strtoul(wanted, nullptr, 10);
    rl::test_params params;
    params.iteration_count = static_cast<rl::iteration_t>(iterations);
    return rl::simulate<Suite>(params) ? 0 : 1;
}

} // namespace model
