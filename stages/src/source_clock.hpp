#pragma once
// Finds where the clock of a source jumps, and what must be added so that its streams go on evenly, together.
#include <weir/stages/timeline.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir::detail {

/// A source's packets in the order of the file. Between jumps all streams have one shift: a stretch. Streams reach a jump one
/// after the other, and all take the shift that the first of them made necessary: that they go on where all have ended. Times
/// in microseconds.
class SourceClock {
public:
    /// `start`: the source's first time, which becomes 0. Without `may_jump` there is one stretch for ever.
    SourceClock(std::int64_t start, std::size_t streams, bool may_jump);

    /// The number of the stretch that a packet of `stream` belongs to. `dts` and `pts` in the source's time, no_time if it has
    /// none; `duration` 0 if unknown.
    std::size_t place(std::size_t stream, std::int64_t dts, std::int64_t pts, std::int64_t duration);
    /// What is known of the stream is forgotten: its next packet is like a first one.
    void begin_stream(std::size_t stream) { streams_[stream] = {}; }
    /// There are more streams: so many.
    void add_streams(std::size_t streams) { streams_.resize(streams); }
    [[nodiscard]] TimeShift shift(std::size_t stretch) const noexcept { return {shifts_[stretch], {1, 1'000'000}}; }
    [[nodiscard]] std::size_t stretches() const noexcept { return shifts_.size(); }

private:
    struct Stream {
        std::size_t stretch = 0;
        std::optional<std::int64_t> last; ///< on the pipeline's time line
        std::int64_t next = 0;            ///< where its next packet is expected
        std::int64_t end = 0;             ///< where what it shows so far ends
        std::int64_t step = 0;            ///< the last distance of two packets
    };
    /// Where the stream that is furthest ends so far: what begins anew begins there, lest streams overlap.
    [[nodiscard]] std::int64_t end() const noexcept;
    [[nodiscard]] static bool goes_on(const Stream& stream, std::int64_t time) noexcept;

    bool may_jump_;
    std::vector<std::int64_t> shifts_;
    std::vector<Stream> streams_;
};

} // namespace weir::detail
