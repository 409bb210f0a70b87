#include "budget.hpp"

#include "atomic_max.hpp"

#include <fmt/format.h>

namespace weir::detail {

bool Budget::try_add(std::size_t bytes) noexcept {
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
        if (bytes > limit_ || used > limit_ - bytes)
            return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    raise_to(peak_, used + bytes);
    return true;
}

void Budget::subtract(std::size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }

std::string bytes_text(std::size_t bytes) {
    constexpr double kibi = 1024;
    const auto value = static_cast<double>(bytes);
    if (value < kibi)
        return fmt::format("{} B", bytes);
    if (value < kibi * kibi)
        return fmt::format("{:.1f} KiB", value / kibi);
    if (value < kibi * kibi * kibi)
        return fmt::format("{:.1f} MiB", value / (kibi * kibi));
    return fmt::format("{:.1f} GiB", value / (kibi * kibi * kibi));
}

} // namespace weir::detail
