#include "budget.hpp"

#include "atomic_max.hpp"

#include <fmt/format.h>

#include <utility>

namespace weir::detail {

bool Budget::try_add(std::size_t bytes) noexcept {
    const std::size_t used = count_.try_add(bytes);
    raise_to(peak_, used);
    return used != 0;
}

void Budget::subtract(std::size_t bytes) noexcept {
    count_.subtract(bytes);
    if (anybody_waits())
        tell();
}

void Budget::join(Ticket& ticket) noexcept {
    const Lock lock(line_.mutex);
    line_.join(ticket);
    count_.get_in_line();
}

void Budget::join(Waiter& waiter) noexcept {
    const Lock lock(line_.mutex);
    line_.join(waiter);
    count_.get_in_line();
}

bool Budget::wait(Ticket& ticket, std::chrono::steady_clock::time_point until) {
    const Lock lock(line_.mutex);
    while (!ticket.told && !ticket.stopped)
        if (ticket.condition.wait_until(line_.mutex, until) == std::cv_status::timeout)
            break;
    return std::exchange(ticket.told, false) || ticket.stopped;
}

void Budget::stop(Ticket& ticket) noexcept {
    const Lock lock(line_.mutex);
    ticket.stopped = true;
    ticket.condition.notify_one();
}

void Budget::leave(ListNode& who) noexcept {
    const Lock lock(line_.mutex);
    who.unlink();
    tell_next();
}

void Budget::leave_for_now(ListNode& who) noexcept {
    const Lock lock(line_.mutex);
    who.unlink();
}

void Budget::tell() noexcept {
    const Lock lock(line_.mutex);
    tell_next();
}

void Budget::tell_next() noexcept {
    if (line_.empty())
        count_.line_is_empty();
    else
        line_.tell();
}

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
