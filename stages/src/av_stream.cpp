// What is known of a stream: PacketFormat and FFmpeg's AVCodecParameters.
#include <weir/stages/av.hpp>

#include <cstring>
#include <new>

namespace weir::av {
namespace {

/// Marks the records that this library made, so that they can be told from others behind the same `shared_ptr<const void>`.
struct DeleteStream {
    void operator()(const StreamParameters* stream) const noexcept { delete stream; }
};

void set_extradata(AVCodecParameters& codec, const std::vector<std::byte>& bytes) {
    if (bytes.empty())
        return;
    codec.extradata = static_cast<std::uint8_t*>(av_mallocz(bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    if (!codec.extradata)
        throw std::bad_alloc();
    std::memcpy(codec.extradata, bytes.data(), bytes.size());
    codec.extradata_size = static_cast<int>(bytes.size());
}

AVMediaType to_av(MediaType type) noexcept {
    switch (type) {
    case MediaType::video: return AVMEDIA_TYPE_VIDEO;
    case MediaType::audio: return AVMEDIA_TYPE_AUDIO;
    case MediaType::subtitle: return AVMEDIA_TYPE_SUBTITLE;
    case MediaType::data: return AVMEDIA_TYPE_DATA;
    case MediaType::unknown: break;
    }
    return AVMEDIA_TYPE_UNKNOWN;
}

} // namespace

std::shared_ptr<const PacketFormat> make_format(StreamParameters stream, Rational time_base, Rational frame_rate) {
    const AVCodecParameters& codec = *stream.codec;
    PacketFormat format;
    format.media = from_av(codec.codec_type);
    format.codec = avcodec_get_name(codec.codec_id);
    format.time_base = time_base;
    const auto* extradata = reinterpret_cast<const std::byte*>(codec.extradata);
    if (codec.extradata_size > 0)
        format.extradata.assign(extradata, extradata + codec.extradata_size);
    if (format.media == MediaType::video && codec.width > 0 && codec.height > 0)
        format.video = {static_cast<std::uint32_t>(codec.width), static_cast<std::uint32_t>(codec.height),
                        from_av(static_cast<AVPixelFormat>(codec.format))};
    if (format.media == MediaType::audio && codec.sample_rate > 0)
        format.audio = {from_av(static_cast<AVSampleFormat>(codec.format)), from_av(codec.ch_layout),
                        static_cast<std::uint32_t>(codec.sample_rate)};
    format.frame_rate = frame_rate;
    format.bit_rate = codec.bit_rate;
    format.parameters = std::shared_ptr<const StreamParameters>(new StreamParameters(std::move(stream)), DeleteStream());
    return std::make_shared<const PacketFormat>(std::move(format));
}

const StreamParameters* stream_of(const PacketFormat& format) noexcept {
    return std::get_deleter<DeleteStream>(format.parameters) ? static_cast<const StreamParameters*>(format.parameters.get())
                                                             : nullptr;
}

ParametersPtr codec_parameters(const PacketFormat& format) {
    if (const StreamParameters* stream = stream_of(format))
        return copy(*stream->codec);
    const AVCodecDescriptor* known = avcodec_descriptor_get_by_name(format.codec.c_str());
    if (!known)
        throw AvError("codec '" + format.codec + "'", AVERROR_DECODER_NOT_FOUND);
    ParametersPtr codec = make_parameters();
    codec->codec_type = format.media == MediaType::unknown ? known->type : to_av(format.media);
    codec->codec_id = known->id;
    codec->bit_rate = format.bit_rate;
    set_extradata(*codec, format.extradata);
    if (codec->codec_type == AVMEDIA_TYPE_VIDEO) {
        codec->width = static_cast<int>(format.video.width);
        codec->height = static_cast<int>(format.video.height);
        codec->format = av::to_av(format.video.pixel_format);
    } else if (codec->codec_type == AVMEDIA_TYPE_AUDIO) {
        codec->sample_rate = static_cast<int>(format.audio.sample_rate);
        codec->format = av::to_av(format.audio.sample_format);
        codec->ch_layout = av::to_av(format.audio.layout);
    }
    return codec;
}

StreamParameters copy(const StreamParameters& stream) {
    StreamParameters result;
    result.codec = copy(*stream.codec);
    result.side_data = stream.side_data;
    result.sample_aspect = stream.sample_aspect;
    result.metadata = stream.metadata;
    result.file_metadata = stream.file_metadata;
    result.disposition = stream.disposition;
    result.priming = stream.priming;
    result.headers_apart = stream.headers_apart;
    result.shift = stream.shift;
    return result;
}

} // namespace weir::av

namespace weir {

TimeShift shift_of(const std::shared_ptr<const SideData>& side_data) noexcept {
    const av::FrameExtras* extras = av::extras_of(side_data);
    return extras && extras->source() ? shift_of(*extras->source()) : TimeShift{};
}

TimeShift shift_of(const PacketFormat& format) noexcept {
    const av::StreamParameters* stream = av::stream_of(format);
    return stream ? stream->shift : TimeShift{};
}

std::int64_t shifted(std::int64_t time, Rational base, const TimeShift& shift) noexcept {
    if (time == no_time || shift.ticks == 0 || !base.valid())
        return time;
    return time + rescale(shift.ticks, shift.time_base, base);
}

std::int64_t timeline_pts(const FrameHeader& header) noexcept {
    std::int64_t pts = header.pts;
    if (const av::FrameExtras* extras = av::extras_of(header.side_data))
        if (extras->guess().meant != no_time && extras->guess().pts == pts) // and nobody has given it another since
            pts = extras->guess().meant;
    return shifted(pts, header.time_base, shift_of(header.side_data));
}

std::int64_t timeline_pts(const SampleHeader& header) noexcept {
    return shifted(header.pts, header.time_base, shift_of(header.side_data));
}

std::int64_t timeline_pts(const Packet& packet) noexcept {
    return packet.format ? shifted(packet.pts, packet.format->time_base, shift_of(*packet.format)) : packet.pts;
}

} // namespace weir
