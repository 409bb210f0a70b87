#pragma once
// What pools and formats throw.
#include <stdexcept>

namespace weir {

/// A format that cannot be stored: zero or overflowing sizes, no pixel format, no channels.
struct FormatError : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

/// A pool is at its maximum and its policy says `fail`, or waiting took longer than its timeout. The text has the
/// pool's format, the numbers and the holders.
struct PoolExhausted : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The registry's byte budget is used up. The text names the budget, what was asked for and the largest holders.
struct BudgetExhausted : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace weir
