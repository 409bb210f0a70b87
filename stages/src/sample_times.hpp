#pragma once
// Times of sound, counted in samples.
#include <weir/pools/rational.hpp>

#include <cstdint>

namespace weir::detail {

/// Gives each piece of sound its time in 1/rate. Containers round times, to milliseconds some of them: where a piece begins
/// where the one before ended, but for that, samples are counted. Holes and small overlaps are kept; if the times go back by
/// more, what follows is moved to go on evenly, until later holes make up for it.
class SampleTimes {
public:
    explicit SampleTimes(std::int32_t rate) noexcept : rate_(rate) {}

    struct Place {
        std::int64_t pts = 0;
        bool moved = false; ///< its time was changed
    };
    /// The time of the next piece, of `count` samples, which says `pts` in `base` (no_time: nothing).
    [[nodiscard]] Place place(std::int64_t pts, Rational base, std::uint32_t count) noexcept;

private:
    std::int32_t rate_;
    bool started_ = false;
    std::int64_t next_ = 0;  ///< where the last piece ended
    std::int64_t moved_ = 0; ///< added to the times since they went back
};

} // namespace weir::detail
