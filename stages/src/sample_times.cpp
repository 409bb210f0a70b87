#include "sample_times.hpp"

#include <algorithm>
#include <cstdlib>

namespace weir::detail {

SampleTimes::Place SampleTimes::place(std::int64_t pts, Rational base, std::uint32_t count) noexcept {
    const Rational samples{1, rate_};
    Place place{next_};
    if (pts != no_time && base.valid()) {
        const std::int64_t said = rescale(pts, base, samples) + moved_;
        const std::int64_t rounding = rescale(1, base, samples) + 1;
        const std::int64_t most_overlap = rate_ / 25;
        const std::int64_t ahead = said - next_;
        if (!started_) {
            place.pts = said;
        } else if (std::llabs(ahead) > rounding) {
            if (ahead > 0) {
                const std::int64_t made_up = std::min(moved_, ahead);
                moved_ -= made_up;
                place.pts = said - made_up;
                place.moved = made_up > 0;
            } else if (ahead >= -most_overlap) {
                place.pts = said;
            } else {
                moved_ -= ahead;
                place.moved = true;
            }
        }
    }
    started_ = true;
    next_ = place.pts + count;
    return place;
}

} // namespace weir::detail
