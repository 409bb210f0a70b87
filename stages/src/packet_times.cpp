#include "packet_times.hpp"

#include <weir/stages/av.hpp>
#include <weir/stages/timeline.hpp>

extern "C" {
#include <libavutil/intreadwrite.h>
}

#include <algorithm>
#include <stdexcept>

namespace weir::detail {
namespace {

constexpr std::int64_t longest_hole = std::int64_t{30} * 3600; ///< seconds between two packets, as for the ffmpeg command

/// Pictures between the decoding of one and its showing; 0 if they come in order.
int reordering(const PacketFormat& format) {
    const av::StreamParameters* stream = av::stream_of(format);
    return stream && format.media == MediaType::video ? stream->codec->video_delay : 0;
}

std::int64_t usual_step(const Packet& packet) {
    if (packet.duration > 0)
        return packet.duration;
    const PacketFormat& format = *packet.format;
    if (format.frame_rate.valid() && format.time_base.valid())
        return std::max<std::int64_t>(1, rescale(1, {format.frame_rate.den, format.frame_rate.num}, format.time_base));
    return 1;
}

} // namespace

PacketTimes::Times PacketTimes::next(const Packet& packet, bool needs_times) {
    const PacketFormat& format = *packet.format;
    if (base_ != format.time_base) {
        if (base_.valid() && format.time_base.valid()) {
            last_dts_ = rescale(last_dts_, base_, format.time_base);
            step_ = rescale(step_, base_, format.time_base);
        }
        base_ = format.time_base;
    }
    const TimeShift shift = shift_of(format);
    Times times{shifted(packet.pts, base_, shift), shifted(packet.dts, base_, shift)};
    const int delay = reordering(format);
    const std::int64_t expected = last_dts_ == no_time ? 0 : last_dts_ + step_;
    if (last_dts_ != no_time && base_.valid()) { // nonsense is no time
        const std::int64_t latest = expected + rescale(longest_hole, {1, 1}, base_);
        for (std::int64_t* time : {&times.pts, &times.dts})
            if (*time > latest)
                *time = no_time;
    }
    step_ = usual_step(packet);
    if (times.dts == no_time) {
        times.made_up = true;
        if (times.pts == no_time) {
            if (delay > 0 && needs_times)
                throw std::runtime_error("its packets have no timestamps, and its pictures are not shown in the order they are "
                                         "decoded in (a raw stream with B-frames?): decode and encode it to write it");
            times.dts = expected;
        } else if (delay == 0) {
            times.dts = times.pts;
        } else {
            times.dts = last_dts_ == no_time ? times.pts - delay * step_ : std::min(expected, times.pts);
        }
    }
    if (times.pts == no_time) {
        times.pts = times.dts;
        times.made_up = true;
    }
    last_dts_ = times.dts;
    return times;
}

std::int64_t presentation_start(const Packet& packet, std::int64_t pts) {
    const PacketFormat& format = *packet.format;
    const av::StreamParameters* stream = av::stream_of(format);
    if (format.media != MediaType::audio || !stream || stream->codec->sample_rate <= 0)
        return pts;
    std::int64_t skipped = stream->priming;
    std::size_t size = 0;
    if (const AVPacket* original = av::packet_of(packet))
        if (const std::uint8_t* data = av_packet_get_side_data(original, AV_PKT_DATA_SKIP_SAMPLES, &size); data && size >= 4)
            skipped = std::max<std::int64_t>(skipped, AV_RL32(data));
    return pts + rescale(skipped, {1, stream->codec->sample_rate}, format.time_base);
}

} // namespace weir::detail
