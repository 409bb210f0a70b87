#include "source_reading.hpp"

#include <weir/framework/redact.hpp>

#include "stream_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weir::detail {
namespace {

constexpr Rational microseconds{1, 1'000'000};
constexpr std::int64_t furthest_behind = 500'000; ///< of a stream, before those that wait for it are told

} // namespace

SourceReading::SourceReading(StageContext& context, FormatReader& reader, const DemuxOptions& options,
                             std::vector<SourceLane> lanes)
    : context_(context), reader_(reader), continuous_(options.timestamps == DemuxOptions::Timestamps::continuous),
      fail_on_error_(options.on_error == DemuxOptions::OnError::fail), clock_(reader.start(), lanes.size(), reader.may_jump()),
      lanes_(std::move(lanes)), corrupt_(context.counter("corrupt packets")) {}

bool SourceReading::anyone() const noexcept {
    return std::any_of(lanes_.begin(), lanes_.end(), [](const SourceLane& lane) { return lane.wanted; });
}

void SourceReading::close_unread() {
    for (std::size_t i = 0; i < lanes_.size(); ++i)
        if (lanes_[i].wanted && !lanes_[i].is_read()) {
            lanes_[i].wanted = false;
            reader_.want(i, false);
        }
}

Packet SourceReading::take(av::PacketPtr packet) {
    SourceLane& lane = this->lane(*packet);
    const auto index = static_cast<std::size_t>(packet->stream_index);
    if (packet->flags & AV_PKT_FLAG_CORRUPT)
        corrupt_.fetch_add(1, std::memory_order_relaxed);
    follow_changes(*packet, lane.format);

    const Rational base = lane.format->time_base;
    const std::int64_t time = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
    const std::int64_t duration = packet->duration > 0 ? packet->duration : lane.frame_ticks;
    const std::size_t known = clock_.stretches();
    const std::size_t stretch = clock_.place(index, rescale(packet->dts, base, microseconds),
                                             rescale(packet->pts, base, microseconds), rescale(duration, base, microseconds));
    if (clock_.stretches() > known)
        say_jump(lane);
    const TimeShift shift = clock_.shift(stretch);
    if (continuous_) {
        packet->pts = shifted(packet->pts, base, shift);
        packet->dts = shifted(packet->dts, base, shift);
    } else if (shift_of(*lane.format) != shift) {
        lane.format = with_shift(*lane.format, shift);
    }
    if (time != no_time)
        lane.reached = rescale(shifted(time, base, shift), base, microseconds);
    return av::from_av(std::move(packet), lane.format);
}

void SourceReading::tell_gaps(const SourceLane& from) {
    if (from.reached == no_time)
        return;
    first_ = first_ == no_time ? from.reached : std::min(first_, from.reached);
    for (SourceLane& lane : lanes_) {
        if (!lane.wanted)
            continue;
        const std::int64_t reached = lane.reached == no_time ? first_ : lane.reached;
        if (from.reached - reached <= furthest_behind)
            continue;
        lane.out.put_gap({from.reached, microseconds});
        lane.reached = from.reached;
    }
}

bool SourceReading::ended(int result) {
    if (result == 0)
        return false;
    if (const std::size_t late = reader_.late_streams())
        context_.warn("", fmt::format("{} streams appeared after the beginning: they were not read", late));
    if (result != AVERROR_EXIT)
        reader_.rethrow_error();
    if (result == AVERROR_EOF || result == AVERROR_EXIT)
        return true;
    // A file that is damaged from here on ends here, as for the ffmpeg command; what a device or the network could not
    // deliver is no end.
    context_.counter("read errors").fetch_add(1, std::memory_order_relaxed);
    if (fail_on_error_ || !reader_.damaged(result))
        throw AvError("reading '" + redact_url(reader_.url().url) + "'", result);
    context_.warn("", "the input is damaged and ends here: " + av::error_text(result));
    return true;
}

void SourceReading::say_jump(const SourceLane& lane) {
    context_.counter("clock jumps").fetch_add(1, std::memory_order_relaxed);
    context_.warn("jump",
                  fmt::format("the clock of the input jumps (seen in {}): what follows goes on evenly", lane.out.name()));
}

} // namespace weir::detail
