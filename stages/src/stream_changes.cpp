#include "stream_changes.hpp"

extern "C" {
#include <libavutil/intreadwrite.h>
}

#include <cstring>
#include <new>
#include <span>

namespace weir::detail {
namespace {

std::span<const std::uint8_t> side_data(const AVPacket& packet, AVPacketSideDataType type) {
    std::size_t size = 0;
    const std::uint8_t* data = av_packet_get_side_data(&packet, type, &size);
    return data ? std::span(data, size) : std::span<const std::uint8_t>();
}

/// Reads AV_PKT_DATA_PARAM_CHANGE.
class ParameterChange {
public:
    explicit ParameterChange(std::span<const std::uint8_t> data) : data_(data), flags_(next()) {}

    void apply(AVCodecParameters& codec) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" // old demuxers still send them
        if (flags_ & AV_SIDE_DATA_PARAM_CHANGE_CHANNEL_COUNT) {
            const auto channels = static_cast<int>(next());
            if (channels > 0) {
                av_channel_layout_uninit(&codec.ch_layout);
                av_channel_layout_default(&codec.ch_layout, channels);
            }
        }
        if (flags_ & AV_SIDE_DATA_PARAM_CHANGE_CHANNEL_LAYOUT) {
            const std::uint64_t low = next();
            const std::uint64_t mask = low | std::uint64_t{next()} << 32;
            av_channel_layout_uninit(&codec.ch_layout);
            av_channel_layout_from_mask(&codec.ch_layout, mask);
        }
#pragma GCC diagnostic pop
        if (flags_ & AV_SIDE_DATA_PARAM_CHANGE_SAMPLE_RATE)
            codec.sample_rate = static_cast<int>(next());
        if (flags_ & AV_SIDE_DATA_PARAM_CHANGE_DIMENSIONS) {
            codec.width = static_cast<int>(next());
            codec.height = static_cast<int>(next());
        }
    }

private:
    std::uint32_t next() {
        if (data_.size() < 4)
            return 0;
        const std::uint32_t value = AV_RL32(data_.data());
        data_ = data_.subspan(4);
        return value;
    }
    std::span<const std::uint8_t> data_;
    std::uint32_t flags_;
};

void set_extradata(AVCodecParameters& codec, std::span<const std::uint8_t> bytes) {
    av_freep(&codec.extradata);
    codec.extradata_size = 0;
    codec.extradata = static_cast<std::uint8_t*>(av_mallocz(bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    if (!codec.extradata)
        throw std::bad_alloc();
    std::memcpy(codec.extradata, bytes.data(), bytes.size());
    codec.extradata_size = static_cast<int>(bytes.size());
}

bool same_bytes(const std::vector<std::byte>& a, std::span<const std::uint8_t> b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), b.size()) == 0;
}

} // namespace

void follow_changes(const AVPacket& packet, std::shared_ptr<const PacketFormat>& format) {
    if (packet.side_data_elems == 0)
        return;
    const auto extradata = side_data(packet, AV_PKT_DATA_NEW_EXTRADATA);
    const auto change = side_data(packet, AV_PKT_DATA_PARAM_CHANGE);
    if ((extradata.empty() || same_bytes(format->extradata, extradata)) && change.empty())
        return;
    av::StreamParameters stream = av::copy(*av::stream_of(*format));
    if (!extradata.empty())
        set_extradata(*stream.codec, extradata);
    if (!change.empty())
        ParameterChange(change).apply(*stream.codec);
    format = av::make_format(std::move(stream), format->time_base, format->frame_rate);
}

std::shared_ptr<const PacketFormat> with_shift(const PacketFormat& format, const TimeShift& shift) {
    av::StreamParameters stream = av::copy(*av::stream_of(format));
    stream.shift = shift;
    return av::make_format(std::move(stream), format.time_base, format.frame_rate);
}

bool same_stream(const PacketFormat& a, const PacketFormat& b) {
    return a.codec == b.codec && a.extradata == b.extradata && a.video == b.video && a.audio == b.audio;
}

} // namespace weir::detail
