#include "source_clock.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace weir::detail {
namespace {

// The ffmpeg command's own limits.
constexpr std::int64_t furthest = 10'000'000; ///< from where the next packet is expected
constexpr std::int64_t backwards = 100'000;   ///< from the packet before

constexpr std::int64_t nothing = std::numeric_limits<std::int64_t>::min();

} // namespace

SourceClock::SourceClock(std::int64_t start, std::size_t streams, bool may_jump)
    : may_jump_(may_jump), shifts_{-start}, streams_(streams) {}

bool SourceClock::goes_on(const Stream& stream, std::int64_t time) noexcept {
    return !stream.last || (std::llabs(time - stream.next) <= furthest && time + backwards >= *stream.last);
}

std::int64_t SourceClock::end() const noexcept {
    std::int64_t latest = nothing;
    for (const Stream& stream : streams_)
        if (stream.last)
            latest = std::max(latest, stream.end);
    return latest;
}

std::size_t SourceClock::place(std::size_t index, std::int64_t dts, std::int64_t pts, std::int64_t duration) {
    Stream& stream = streams_[index];
    if (dts == no_time)
        dts = pts;
    if (dts == no_time)
        return stream.stretch;
    if (pts == no_time)
        pts = dts;
    if (may_jump_) {
        if (!stream.last)
            stream.stretch = shifts_.size() - 1; // it begins now, so it begins in the newest stretch
        // A stream follows the others over a jump if that is where it goes on.
        while (!goes_on(stream, dts + shifts_[stream.stretch]) && stream.stretch + 1 < shifts_.size())
            ++stream.stretch;
        const std::int64_t time = dts + shifts_[stream.stretch];
        const std::int64_t so_far = end();
        if (stream.last ? !goes_on(stream, time) : so_far != nothing && std::llabs(time - so_far) > furthest) {
            // The picture after a jump is the next to be shown; those that are decoded with it come later.
            shifts_.push_back(so_far - pts);
            stream.stretch = shifts_.size() - 1;
        }
    }
    const std::int64_t time = dts + shifts_[stream.stretch];
    if (stream.last && time > *stream.last)
        stream.step = time - *stream.last;
    const std::int64_t step = duration > 0 ? duration : stream.step;
    const std::int64_t shown = pts + shifts_[stream.stretch] + step;
    stream.end = stream.last ? std::max(stream.end, shown) : shown;
    stream.last = time;
    stream.next = time + step;
    return stream.stretch;
}

} // namespace weir::detail
