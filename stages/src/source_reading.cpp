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

SourceReading::SourceReading(StageContext& context, Ports& ports, FormatReader& reader, const DemuxOptions& options)
    : context_(context), ports_(ports), reader_(reader),
      continuous_(options.timestamps == DemuxOptions::Timestamps::continuous),
      fail_on_error_(options.on_error == DemuxOptions::OnError::fail),
      clock_(reader.start(), reader.streams().size(), reader.may_jump()), corrupt_(context.counter("corrupt packets")) {
    for (std::size_t i = 0; i < reader.streams().size(); ++i) {
        lanes_.push_back(lane_for(reader.streams()[i]));
        lanes_.back().wanted = lanes_.back().is_read();
        if (lanes_.back().has_port) // what has no name yet is to show itself
            reader.want(i, lanes_.back().wanted);
    }
}

/// Attachments have no port, nor have streams of which nothing has come yet.
SourceLane SourceReading::lane_for(const InputStream& stream) const {
    const bool has_port = !stream.name.empty();
    SourceLane lane{ports_.get_output<Packet>(has_port ? stream.name : ports_.outputs().front()->name())};
    lane.has_port = has_port;
    lane.format = has_port ? lane.out.port().packet_format : stream.format;
    lane.frame_ticks = stream.frame_ticks;
    return lane;
}

Output<Packet> SourceReading::add_stream() {
    const std::size_t index = reader_.name_new_stream();
    const InputStream& stream = reader_.streams()[index];
    if (!ports_.find_output(stream.name)) {                           // else it appeared before the last seek, too
        const TimeShift shift = clock_.shift(clock_.stretches() - 1); // what its first packets will have
        add_output<Packet>(context_, stream.name, continuous_ ? stream.format : with_shift(*stream.format, shift));
        context_.warn("stream", fmt::format("the stream {} ({}) has appeared: branches can read it", stream.name,
                                            to_string(*stream.format)));
    }
    while (lanes_.size() < reader_.streams().size())
        lanes_.push_back(lane_for(reader_.streams()[lanes_.size()]));
    lanes_[index] = lane_for(stream);
    clock_.add_streams(lanes_.size());
    return lanes_[index].out;
}

bool SourceReading::anyone() const noexcept {
    return std::any_of(lanes_.begin(), lanes_.end(), [](const SourceLane& lane) { return lane.wanted; });
}

void SourceReading::note_readers() {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        SourceLane& lane = lanes_[i];
        const bool wanted = lane.is_read();
        if (wanted == lane.wanted)
            continue;
        if (wanted) { // it begins where the others are, not where it was left
            lane.reached = furthest();
            clock_.begin_stream(i);
        }
        lane.wanted = wanted;
        reader_.want(i, wanted);
    }
}

std::int64_t SourceReading::furthest() const noexcept {
    std::int64_t result = no_time;
    for (const SourceLane& lane : lanes_)
        if (lane.wanted && lane.reached != no_time)
            result = result == no_time ? lane.reached : std::max(result, lane.reached);
    return result;
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
