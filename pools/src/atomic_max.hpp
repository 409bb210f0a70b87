#pragma once
// The largest value that several threads saw.
#include <atomic>

namespace weir::detail {

/// A figure for reports: relaxed, nothing is ordered by it.
template <class AtomicValue, class Value> void raise_to(AtomicValue& maximum, Value value) noexcept {
    Value seen = maximum.load(std::memory_order_relaxed);
    while (seen < value && !maximum.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
    }
}

} // namespace weir::detail
