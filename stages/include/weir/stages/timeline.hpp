#pragma once
// Where a file's times lie on a pipeline's own time line.
//
// Packets and frames carry the times of their file, exactly. Files do not begin at 0, and the clocks of transport streams
// jump. What must be added to get one time line that begins at 0 and goes on evenly, the same for all streams of the file,
// travels beside the times; encoders and muxers add it.
#include <weir/pools/packet.hpp>
#include <weir/pools/pooled_frame.hpp>
#include <weir/pools/pooled_samples.hpp>

#include <cstdint>
#include <memory>

namespace weir {

/// A time to be added.
struct TimeShift {
    std::int64_t ticks = 0;
    Rational time_base{1, 1'000'000};
    friend bool operator==(const TimeShift&, const TimeShift&) = default;
};

/// What belongs to the frames that these side data came with; nothing if they say nothing.
[[nodiscard]] TimeShift shift_of(const std::shared_ptr<const SideData>& side_data) noexcept;
[[nodiscard]] TimeShift shift_of(const PacketFormat& format) noexcept;

/// `time` in `base` moved by the shift; no_time stays.
[[nodiscard]] std::int64_t shifted(std::int64_t time, Rational base, const TimeShift& shift) noexcept;

/// The time on the pipeline's time line, in the item's own time base; no_time if it has none. Where a file's times cannot be
/// meant as they are (pts that are dts), what FFmpeg takes them for.
[[nodiscard]] std::int64_t timeline_pts(const FrameHeader& header) noexcept;
[[nodiscard]] std::int64_t timeline_pts(const SampleHeader& header) noexcept;
[[nodiscard]] std::int64_t timeline_pts(const Packet& packet) noexcept;

} // namespace weir
