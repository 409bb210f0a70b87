// Runs Relacy test suites from main: `return model::check<LeaseAndReturn>(20'000);`
#pragma once

#include "model_atomic.hpp"

#include <cstdlib>
#include <iostream>
#include <ostream>

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

/// The same for a suite whose code was made wrong on purpose (`what`): 0 if a schedule is found that breaks it.
template <class Suite> int must_fail(unsigned long iterations, const char* what) {
    std::ostream unseen(nullptr); // a string would take its memory from the model
    rl::test_params params;
    params.iteration_count = static_cast<rl::iteration_t>(iterations);
    params.output_stream = &unseen;
    params.progress_stream = &unseen;
    if (!rl::simulate<Suite>(params))
        return 0;
    std::cerr << "not noticed in " << iterations << " schedules: " << what << '\n';
    return 1;
}

} // namespace model
