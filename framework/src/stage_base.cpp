#include <weir/framework/detail/stage_base.hpp>

#include <algorithm>

namespace weir::detail {
namespace {

constexpr std::int64_t quantum_ns = 1'000'000;
constexpr int most_unchecked_waits = 32; ///< looks at the clock at least so often

} // namespace

void StageBase::signal() noexcept {
    if (activation_.tell())
        post();
}

bool StageBase::check_quantum() noexcept {
    if (stop_.load(std::memory_order_relaxed)) {
        yielded_ = true;
        return true;
    }
    const std::int64_t now = ledger_now();
    if (now - quantum_started_ < quantum_ns) {
        check_every_ = std::min(check_every_ * 2, most_unchecked_waits);
        ticks_ = check_every_;
        return false;
    }
    check_every_ = 1; // its items take long: look after each
    ticks_ = 1;
    yielded_ = true;
    return true;
}

} // namespace weir::detail
