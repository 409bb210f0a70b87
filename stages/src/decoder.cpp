#include "decoder.hpp"

#include <weir/framework/options.hpp>

#include "av_options.hpp"
#include "codec_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir::detail {
namespace {

constexpr int most_refusals = 64;
constexpr std::size_t most_sources = 64; ///< more formats than that cannot be inside a codec at once

bool same_bytes(const AVCodecParameters& a, const AVCodecParameters& b) {
    return a.extradata_size == b.extradata_size &&
           (a.extradata_size <= 0 || std::memcmp(a.extradata, b.extradata, static_cast<std::size_t>(a.extradata_size)) == 0);
}

} // namespace

const AVCodec& find_decoder(const PacketFormat& format, const std::string& name) {
    if (format.media != MediaType::video && format.media != MediaType::audio)
        throw GraphError(fmt::format("{} streams cannot be decoded, only video and audio (this one is {})",
                                     to_string(format.media), format.codec));
    const AVCodecID id = av::codec_parameters(format)->codec_id;
    if (name.empty()) {
        if (const AVCodec* usual = avcodec_find_decoder(id))
            return *usual;
        throw AvError(fmt::format("a stream of codec '{}'", format.codec), AVERROR_DECODER_NOT_FOUND);
    }
    const AVCodec* chosen = avcodec_find_decoder_by_name(name.c_str());
    if (!chosen)
        throw OptionError(fmt::format("codec: there is no decoder '{}'", name), "codec");
    if (chosen->id != id)
        throw OptionError(fmt::format("codec: the decoder '{}' is not for {}", name, format.codec), "codec");
    return *chosen;
}

Decoder::Decoder(const std::shared_ptr<const PacketFormat>& format, DecoderSettings settings)
    : settings_(std::move(settings)), packet_(av::make_packet()) {
    const AVCodec& codec = find_decoder(*format, settings_.codec);
    context_.reset(avcodec_alloc_context3(&codec));
    if (!context_)
        throw std::bad_alloc();
    const auto parameters = av::codec_parameters(*format);
    av::check(avcodec_parameters_to_context(context_.get(), parameters.get()), codec.name);
    context_->pkt_timebase = av::to_av(format->time_base);
    context_->thread_count = static_cast<int>(settings_.threads);
    context_->max_pixels = settings_.max_pixels;
    context_->opaque = this;
    if (codec.capabilities & AV_CODEC_CAP_DR1)
        context_->get_buffer2 = &Decoder::get_buffer;
#if LIBAVCODEC_VERSION_MAJOR < 60
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    // Otherwise frame threads wait for the caller's thread to get their buffers.
    context_->thread_safe_callbacks = 1;
#pragma GCC diagnostic pop
#endif
    AvOptions options(settings_.options);
    const CodecComplaints complaints;
    complaints.check(avcodec_open2(context_.get(), &codec, options.get()), fmt::format("opening the decoder {}", codec.name));
    options.require_all_used(codec.name);
    add_source(format);
}

Decoder::~Decoder() = default;

bool Decoder::takes(const Packet& packet) const {
    const auto& now = sources_.back().format;
    if (packet.format == now)
        return true;
    if (packet.format->time_base != now->time_base || packet.format->codec != now->codec)
        return false;
    if (const AVPacket* original = av::packet_of(packet)) // the codec is told in the packet itself
        if (av_packet_get_side_data(original, AV_PKT_DATA_NEW_EXTRADATA, nullptr) ||
            av_packet_get_side_data(original, AV_PKT_DATA_PARAM_CHANGE, nullptr))
            return true;
    const auto a = av::codec_parameters(*now);
    const auto b = av::codec_parameters(*packet.format);
    return same_bytes(*a, *b) && a->sample_rate == b->sample_rate && a->ch_layout.nb_channels == b->ch_layout.nb_channels &&
           a->block_align == b->block_align && a->bits_per_coded_sample == b->bits_per_coded_sample;
}

void Decoder::give(Packet packet) {
    if (packet.data.empty())
        return; // would mean the end of input; some demuxers make such packets in mid-stream
    input_.push_back(std::move(packet));
}

void Decoder::add_source(const std::shared_ptr<const PacketFormat>& format) {
    sources_.push_back({format, std::make_shared<const av::FrameExtras>(format, nullptr)});
    if (sources_.size() > most_sources) {
        sources_.pop_front();
        ++first_source_;
    }
    // libavcodec hands it through to the frame that comes of the next packets.
    context_->reordered_opaque = first_source_ + static_cast<std::int64_t>(sources_.size()) - 1;
}

const Decoder::Source& Decoder::source(const AVFrame& frame) const noexcept {
    const std::int64_t index = frame.reordered_opaque - first_source_;
    const auto count = static_cast<std::int64_t>(sources_.size());
    return index >= 0 && index < count ? sources_[static_cast<std::size_t>(index)] : sources_.back();
}

const std::shared_ptr<const PacketFormat>& Decoder::source_of(const AVFrame& frame) const noexcept {
    return source(frame).format;
}

av::PtsGuess Decoder::guess_pts(const AVFrame& frame) {
    if (frame.pts == AV_NOPTS_VALUE || frame.best_effort_timestamp == AV_NOPTS_VALUE)
        return {};
    std::int64_t meant = frame.best_effort_timestamp;
    // libavcodec takes the dts for it where the pts are in disorder, but the last frames come without.
    if (draining_ && last_meant_ != no_time && meant <= last_meant_)
        meant = last_meant_ + std::max<std::int64_t>(frame.pkt_duration, 1);
    last_meant_ = meant;
    return meant == frame.pts ? av::PtsGuess{} : av::PtsGuess{frame.pts, meant};
}

std::shared_ptr<const SideData> Decoder::extras_of(const AVFrame& frame) {
    const Source& from = source(frame);
    const av::PtsGuess guess = context_->codec_type == AVMEDIA_TYPE_VIDEO ? guess_pts(frame) : av::PtsGuess{};
    if (frame.nb_side_data == 0 && guess.meant == no_time)
        return from.extras;
    av::FramePtr carrier = av::make_frame();
    for (int i = 0; i < frame.nb_side_data; ++i) {
        av::BufferPtr buffer(av_buffer_ref(frame.side_data[i]->buf));
        if (!buffer || !av_frame_new_side_data_from_buf(carrier.get(), frame.side_data[i]->type, buffer.get()))
            throw std::bad_alloc();
        static_cast<void>(buffer.release());
    }
    return std::make_shared<const av::FrameExtras>(from.format, std::move(carrier), guess);
}

void Decoder::note_error(int code) {
    {
        const Lock lock(memory_mutex_);
        if (memory_error_)
            std::rethrow_exception(std::exchange(memory_error_, nullptr));
    }
    if (code == AVERROR(ENOMEM))
        throw std::bad_alloc();
    ++errors_;
    last_error_ = code;
}

void Decoder::attach_stream_side_data() {
    const av::StreamParameters* stream = av::stream_of(*sources_.back().format);
    if (!stream || !std::exchange(first_packet_, false))
        return;
    for (const auto& data : stream->side_data) {
        // The rotation concerns players only.
        if (data.type == AV_PKT_DATA_DISPLAYMATRIX || av_packet_get_side_data(packet_.get(), data.type, nullptr))
            continue;
        std::uint8_t* copy = av_packet_new_side_data(packet_.get(), data.type, data.bytes.size());
        if (!copy)
            throw std::bad_alloc();
        std::memcpy(copy, data.bytes.data(), data.bytes.size());
    }
}

int Decoder::send() {
    const Packet& next = input_.front();
    if (next.format != sources_.back().format)
        add_source(next.format);
    av::to_av(next, *packet_);
    attach_stream_side_data();
    const int sent = avcodec_send_packet(context_.get(), packet_.get());
    av_packet_unref(packet_.get());
    if (sent >= 0)
        entries_.note(next.pts != no_time ? next.pts : next.dts, next.entered);
    return sent;
}

void Decoder::work(std::size_t count) {
    while (!ended_ && frames_.size() < count) {
        av::FramePtr frame;
        if (spare_.empty()) {
            frame = av::make_frame();
        } else {
            frame = std::move(spare_.back());
            spare_.pop_back();
        }
        const int received = avcodec_receive_frame(context_.get(), frame.get());
        if (received >= 0) {
            refused_ = 0;
            ++decoded_;
            frame->time_base = av::to_av(source(*frame).format->time_base);
            frames_.push_back(std::move(frame));
            continue;
        }
        spare_.push_back(std::move(frame));
        if (received == AVERROR_EOF) {
            ended_ = true;
            return;
        }
        if (received != AVERROR(EAGAIN))
            note_error(received);
        if (draining_)
            continue; // libavcodec bounds how many errors a draining decoder may return
        if (input_.empty()) {
            if (!finished_)
                return;
            draining_ = true;
            if (const int sent = avcodec_send_packet(context_.get(), nullptr); sent < 0 && sent != AVERROR_EOF)
                note_error(sent);
            continue;
        }
        const int sent = send();
        if (sent == AVERROR(EAGAIN) && ++refused_ < most_refusals)
            continue; // an error in the packet before had kept it full
        refused_ = 0;
        input_.pop_front();
        if (sent < 0)
            note_error(sent);
    }
}

void Decoder::pop() noexcept {
    av_frame_unref(frames_.front().get());
    spare_.push_back(std::move(frames_.front())); // there was room for it before
    frames_.pop_front();
}

} // namespace weir::detail
