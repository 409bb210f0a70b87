#include <weir/framework/media_clock.hpp>

#include <algorithm>

namespace weir {

Clock::Time MediaClock::due(std::chrono::nanoseconds media, double speed, Clock::Time now) noexcept {
    constexpr double longest = 1e18; // nanoseconds: hostile times are due in thirty years, or were
    const detail::Lock lock(mutex_);
    if (!anchor_)
        anchor_ = {media, still_since_.value_or(now)};
    const double since = (static_cast<double>(media.count()) - static_cast<double>(anchor_->media.count())) / speed;
    const std::chrono::nanoseconds after(static_cast<std::int64_t>(std::clamp(since, -longest, longest)));
    const Clock::Time due = anchor_->time + std::chrono::duration_cast<Clock::Time::duration>(after);
    return still_since_ ? due + std::max(Clock::Time::duration(0), now - *still_since_) : due;
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

void MediaClock::stand_still(Clock::Time now) noexcept {
    const detail::Lock lock(mutex_);
    if (!still_since_)
        still_since_ = now;
}

void MediaClock::go_on(Clock::Time now) noexcept {
    const detail::Lock lock(mutex_);
    if (anchor_ && still_since_)
        anchor_->time += now - *still_since_;
    still_since_.reset();
}

} // namespace weir
