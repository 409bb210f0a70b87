#include <weir/framework/media_clock.hpp>

#include <algorithm>

namespace weir {

Clock::Time MediaClock::due(std::chrono::nanoseconds media, double speed, Clock::Time now) noexcept {
    constexpr double longest = 1e18; // nanoseconds: hostile times are due in thirty years, or were
    const detail::Lock lock(mutex_);
    if (!anchor_)
        anchor_ = {media, now};
    const double since = (static_cast<double>(media.count()) - static_cast<double>(anchor_->media.count())) / speed;
    const std::chrono::nanoseconds after(static_cast<std::int64_t>(std::clamp(since, -longest, longest)));
    return anchor_->time + std::chrono::duration_cast<Clock::Time::duration>(after);
}

void MediaClock::restart() noexcept {
    const detail::Lock lock(mutex_);
    anchor_.reset();
}

void MediaClock::delay(std::chrono::nanoseconds by) noexcept {
    const detail::Lock lock(mutex_);
    if (anchor_)
        anchor_->time += std::chrono::duration_cast<Clock::Time::duration>(by);
}

} // namespace weir
