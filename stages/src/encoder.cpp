#include "encoder.hpp"

#include <weir/framework/options.hpp>

#include "av_options.hpp"
#include "codec_log.hpp"
#include "encoder_live.hpp"

extern "C" {
#include <libavutil/opt.h>
}

#include <fmt/format.h>

#include <array>
#include <new>
#include <stdexcept>
#include <utility>

namespace weir::detail {
namespace {

/// The codecs whose headers we have put into the extradata, to be repeated with key frames where a container wants that.
bool headers_apart(AVCodecID id) noexcept {
    return id == AV_CODEC_ID_H264 || id == AV_CODEC_ID_HEVC || id == AV_CODEC_ID_MPEG4;
}

std::vector<std::string> encoder_names() {
    std::vector<std::string> names;
    void* position = nullptr;
    while (const AVCodec* codec = av_codec_iterate(&position))
        if (av_codec_is_encoder(codec))
            names.emplace_back(codec->name);
    return names;
}

} // namespace

const AVCodec& find_encoder(const std::string& name) {
    const AVCodec* codec = avcodec_find_encoder_by_name(name.c_str());
    if (!codec)
        if (const AVCodecDescriptor* known = avcodec_descriptor_get_by_name(name.c_str()))
            codec = avcodec_find_encoder(known->id);
    if (!codec) {
        const auto meant = nearest(name, encoder_names());
        throw OptionError(
            fmt::format("codec: there is no encoder '{}'{}", name, meant ? fmt::format(" (did you mean '{}'?)", *meant) : ""),
            "codec");
    }
    if (codec->type != AVMEDIA_TYPE_VIDEO && codec->type != AVMEDIA_TYPE_AUDIO)
        throw OptionError(fmt::format("codec: '{}' encodes neither video nor audio", name), "codec");
    return *codec;
}

av::CodecContextPtr encoder_context(const AVCodec& codec, const std::map<std::string, std::string>& options) {
    av::CodecContextPtr context(avcodec_alloc_context3(&codec));
    if (!context)
        throw std::bad_alloc();
    const AvOptionOwner owner{fmt::format("the encoder {}", codec.name),
                              {codec.priv_class, avcodec_get_class()},
                              AV_OPT_FLAG_ENCODING_PARAM |
                                  (codec.type == AVMEDIA_TYPE_VIDEO ? AV_OPT_FLAG_VIDEO_PARAM : AV_OPT_FLAG_AUDIO_PARAM)};
    check_option_names(options, owner);
    for (const auto& [key, value] : options) {
        // The codec's own options come first, as in avcodec_open2: x264 has a `profile` of its own.
        const bool own = codec.priv_class && av_opt_find(context->priv_data, key.c_str(), nullptr, 0, 0);
        void* const object = own ? context->priv_data : context.get();
        const int set = av_opt_set(object, key.c_str(), value.c_str(), 0);
        if (set < 0)
            throw OptionError(fmt::format("{}: {} does not take '{}' ({})", key, owner.name, value, av::error_text(set)), key);
    }
    return context;
}

void open_encoder(AVCodecContext& context, unsigned threads, bool experimental) {
    if (experimental)
        context.strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    context.thread_count = static_cast<int>(threads);
    // Always: what is written where is the muxer's business, which comes later.
    context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if ((context.codec->capabilities & AV_CODEC_CAP_EXPERIMENTAL) && !experimental)
        throw std::runtime_error(
            fmt::format("FFmpeg calls its encoder {} experimental: experimental=yes allows it", context.codec->name));
    const AVCodec& codec = *context.codec; // a context that could not be opened has none
    const CodecComplaints complaints;
    complaints.check(avcodec_open2(&context, &codec, nullptr), fmt::format("opening the encoder {}", codec.name));
}

av::StreamParameters inherited(const std::shared_ptr<const SideData>& side_data) {
    av::StreamParameters result;
    const av::FrameExtras* extras = av::extras_of(side_data);
    const av::StreamParameters* source = extras && extras->source() ? av::stream_of(*extras->source()) : nullptr;
    if (!source)
        return result;
    for (const auto& data : source->side_data)
        if (data.type != AV_PKT_DATA_CPB_PROPERTIES) // the other encoder's
            result.side_data.push_back(data);
    for (const auto& [key, value] : source->metadata) {
        bool stale = key == "encoder"; // what counted the source's bytes is wrong from here on
        for (const std::string_view counted : {"BPS", "DURATION", "NUMBER_OF_", "_STATISTICS_"})
            stale = stale || key.starts_with(counted);
        if (!stale)
            result.metadata.emplace(key, value);
    }
    result.file_metadata = source->file_metadata;
    result.disposition = source->disposition;
    return result;
}

Encoder::Encoder(av::CodecContextPtr open, Rational time_base, Rational frame_rate, av::StreamParameters stream)
    : context_(std::move(open)) {
    stream.codec = av::make_parameters();
    av::check(avcodec_parameters_from_context(stream.codec.get(), context_.get()), "codec parameters");
    for (int i = 0; i < context_->nb_coded_side_data; ++i) {
        const AVPacketSideData& data = context_->coded_side_data[i];
        std::erase_if(stream.side_data, [&](const auto& other) { return other.type == data.type; });
        stream.side_data.push_back({data.type, {data.data, data.data + data.size}});
    }
    stream.sample_aspect = av::from_av(context_->sample_aspect_ratio);
    stream.priming = context_->codec_type == AVMEDIA_TYPE_AUDIO ? context_->initial_padding : 0;
    stream.headers_apart = headers_apart(context_->codec_id) && context_->extradata_size > 0;
    format_ = av::make_format(std::move(stream), time_base, frame_rate);
}

void Encoder::change(const std::map<std::string, std::string>& options) { change_live_options(*context_, options); }

void Encoder::give(av::FramePtr frame, std::int64_t duration, std::int64_t entered) {
    entries_.note(frame->pts, entered);
    if (duration > 0 && frame->pts != AV_NOPTS_VALUE)
        durations_[frame->pts] = duration;
    input_.push_back(std::move(frame));
}

void Encoder::work(std::size_t count) {
    while (!ended_ && packets_.size() < count) {
        av::PacketPtr packet = av::make_packet();
        const int received = avcodec_receive_packet(context_.get(), packet.get());
        if (received >= 0) {
            packets_.push_back(std::move(packet));
            continue;
        }
        if (received == AVERROR_EOF) {
            ended_ = true;
            return;
        }
        if (received != AVERROR(EAGAIN))
            av::check(received, fmt::format("encoding with {}", context_->codec->name));
        if (input_.empty()) {
            if (!finished_ || draining_)
                return;
            draining_ = true;
            av::check(avcodec_send_frame(context_.get(), nullptr), fmt::format("ending {}", context_->codec->name));
            continue;
        }
        const int sent = avcodec_send_frame(context_.get(), input_.front().get());
        if (sent == AVERROR(EAGAIN))
            continue; // cannot be: it gave no packet either
        av::check(sent, fmt::format("encoding with {}", context_->codec->name));
        input_.pop_front();
    }
}

Packet Encoder::take() {
    av::PacketPtr packet = std::move(packets_.front());
    packets_.pop_front();
    if (const auto known = durations_.find(packet->pts); known != durations_.end()) {
        if (packet->duration == 0)
            packet->duration = known->second;
        durations_.erase(known);
    }
    const std::int64_t entered = entries_.of(packet->pts);
    Packet result = av::from_av(std::move(packet), format_);
    result.entered = entered;
    return result;
}

} // namespace weir::detail
