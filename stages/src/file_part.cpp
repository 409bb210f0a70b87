#include "file_part.hpp"

#include <weir/framework/redact.hpp>

#include "av_options.hpp"
#include "codec_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace weir::detail {
namespace {

void set_metadata(AVDictionary** into, const av::Metadata& values) {
    for (const auto& [key, value] : values)
        av_dict_set(into, key.c_str(), value.c_str(), 0);
}

/// The tag of another container means nothing here, or something else.
std::uint32_t fitting_tag(const AVOutputFormat& container, const AVCodecParameters& codec) {
    std::uint32_t own = 0;
    if (!container.codec_tag || av_codec_get_id(container.codec_tag, codec.codec_tag) == codec.codec_id ||
        !av_codec_get_tag2(container.codec_tag, codec.codec_id, &own))
        return codec.codec_tag;
    return 0;
}

/// Muxers that order packets by rules of their own.
bool interleaves_itself(const AVOutputFormat& container) {
    const std::string_view name = container.name;
    return name.starts_with("mxf") || name == "gxf";
}

} // namespace

FilePart::FilePart(const AVOutputFormat& container, OutputName name, const MuxOptions& options, const PartPlan& plan,
                   const std::stop_token& stop)
    : name_(std::move(name)), stop_(stop), packet_(av::make_packet()) {
    AVFormatContext* context = nullptr;
    av::check(avformat_alloc_output_context2(&context, &container, nullptr, name_.text.c_str()), shown());
    context_.reset(context);
    context->interrupt_callback = {&FilePart::interrupted, this};
    for (const PartPlan::Stream& stream : plan.streams)
        add_stream(stream);
    for (const PartPlan::Stream& stream : plan.streams)
        if (const av::StreamParameters* known = av::stream_of(*stream.format); known && known->file_metadata) {
            set_metadata(&context->metadata, *known->file_metadata);
            for (const char* own : {"major_brand", "minor_version", "compatible_brands", "encoder", "creation_time"})
                av_dict_set(&context->metadata, own, nullptr, 0); // the other file's own
            break;
        }

    AvOptions given(options.format_options);
    if (!(container.flags & AVFMT_NOFILE)) {
        if (name_.bytes) {
            bytes_.emplace(name_.bytes, container.name);
            bytes_->set_stop(stop);
            context->pb = bytes_->io();
            context->flags |= AVFMT_FLAG_CUSTOM_IO;
            context->io_open = &FilePart::open_nothing;
        } else if (name_.kind == OutputName::Kind::url) {
            const AVIOInterruptCB interrupt = context->interrupt_callback;
            av::check(avio_open2(&context->pb, name_.text.c_str(), AVIO_FLAG_WRITE, &interrupt, given.get()),
                      "opening " + shown());
        } else {
            file_.emplace(name_, options.overwrite);
            context->pb = file_->io();
            context->flags |= AVFMT_FLAG_CUSTOM_IO;
            context->opaque = this;
            usual_open_ = std::exchange(context->io_open, &FilePart::open_again);
        }
    }
    const CodecComplaints complaints;
    const int header = avformat_write_header(context, given.get());
    if (bytes_)
        bytes_->rethrow_error();
    complaints.check(header, fmt::format("the header of {}", shown()));
    begun_ = true;
    for (Track& track : tracks_) // the container has chosen its time bases; in a packet's own the start may be a fraction
        track.start = rescale(plan.start, plan.start_base, av::from_av(track.stream->time_base));
    given.require_all_used(fmt::format("the container {}", container.name));
}

FilePart::~FilePart() { discard(); }

std::string FilePart::shown() const { return "'" + redact_url(name_.text) + "'"; }

/// Muxers that read again what they wrote (faststart) ask for the file by the name it does not have yet.
int FilePart::open_again(AVFormatContext* context, AVIOContext** io, const char* url, int flags, AVDictionary** options) {
    const auto& self = *static_cast<const FilePart*>(context->opaque);
    const bool own = std::string_view(url) == context->url && (flags & AVIO_FLAG_WRITE) == 0;
    return self.usual_open_(context, io, own ? ("file:" + self.file_->present_path()).c_str() : url, flags, options);
}

int FilePart::open_nothing(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EPERM); }

int FilePart::check(int result, std::string_view what) const {
    if (bytes_)
        bytes_->rethrow_error(); // also where libavformat made nothing of it
    return av::check(result, what);
}

int FilePart::interrupted(void* self) noexcept { return static_cast<const FilePart*>(self)->stop_.stop_requested(); }

void FilePart::add_stream(const PartPlan::Stream& from) {
    AVStream* stream = avformat_new_stream(context_.get(), nullptr);
    if (!stream)
        throw std::bad_alloc();
    const PacketFormat& format = *from.format;
    const auto codec = av::codec_parameters(format);
    av::check(avcodec_parameters_copy(stream->codecpar, codec.get()), "codec parameters");
    stream->codecpar->codec_tag = fitting_tag(*context_->oformat, *codec);
    stream->time_base = av::to_av(format.time_base);
    if (format.frame_rate.valid())
        stream->avg_frame_rate = av::to_av(format.frame_rate);
    Track& track = tracks_.emplace_back();
    track.stream = stream;
    const av::StreamParameters* known = av::stream_of(format);
    if (!known)
        return;
    if (known->sample_aspect.valid())
        stream->sample_aspect_ratio = stream->codecpar->sample_aspect_ratio = av::to_av(known->sample_aspect);
    stream->disposition = known->disposition;
    set_metadata(&stream->metadata, known->metadata);
    for (const auto& data : known->side_data) {
        std::uint8_t* copy = av_stream_new_side_data(stream, data.type, data.bytes.size());
        if (!copy)
            throw std::bad_alloc();
        std::memcpy(copy, data.bytes.data(), data.bytes.size());
    }
}

void FilePart::make_increase(AVPacket& packet, Track& track) {
    if (packet.dts == AV_NOPTS_VALUE)
        return;
    const bool strict = !(context_->oformat->flags & AVFMT_TS_NONSTRICT);
    bool changed = false;
    if (track.last_dts != AV_NOPTS_VALUE) {
        const std::int64_t least = track.last_dts + (strict ? 1 : 0);
        if (packet.dts < least) {
            packet.dts = least;
            changed = true;
        }
    }
    if (packet.pts != AV_NOPTS_VALUE && packet.pts < packet.dts) {
        packet.pts = packet.dts; // a picture cannot be shown before it is decoded
        changed = true;
    }
    track.last_dts = packet.dts;
    moved_ += changed ? 1 : 0;
}

void FilePart::prepend_headers(AVPacket& packet, const PacketFormat& format) {
    const std::size_t headers = format.extradata.size();
    if (headers == 0)
        return;
    av::PacketPtr whole = av::make_packet();
    av::check(av_new_packet(whole.get(), packet.size + static_cast<int>(headers)), "a packet");
    av::check(av_packet_copy_props(whole.get(), &packet), "a packet");
    std::memcpy(whole->data, format.extradata.data(), headers);
    std::memcpy(whole->data + headers, packet.data, static_cast<std::size_t>(packet.size));
    av_packet_unref(&packet);
    av_packet_move_ref(&packet, whole.get());
}

void FilePart::write(const TimedPacket& timed) {
    Track& track = tracks_[timed.stream];
    AVPacket& packet = *packet_;
    av::to_av(timed.packet, packet);
    const PacketFormat& format = *timed.packet.format;
    if (timed.new_format && !format.extradata.empty() &&
        !av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, nullptr)) {
        std::uint8_t* copy = av_packet_new_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, format.extradata.size());
        if (!copy)
            throw std::bad_alloc();
        std::memcpy(copy, format.extradata.data(), format.extradata.size());
    }
    const av::StreamParameters* known = av::stream_of(format);
    const bool repeat = known && known->headers_apart && !(context_->oformat->flags & AVFMT_GLOBALHEADER);
    if (repeat && timed.packet.key)
        prepend_headers(packet, format);
    packet.pts = timed.pts;
    packet.dts = timed.dts;
    packet.stream_index = track.stream->index;
    av_packet_rescale_ts(&packet, av::to_av(format.time_base), track.stream->time_base);
    for (std::int64_t* time : {&packet.pts, &packet.dts})
        if (*time != AV_NOPTS_VALUE)
            *time -= track.start;
    packet.time_base = track.stream->time_base;
    packet.pos = -1;
    make_increase(packet, track);
    const int written = interleaves_itself(*context_->oformat) ? av_interleaved_write_frame(context_.get(), &packet)
                                                               : av_write_frame(context_.get(), &packet);
    av_packet_unref(&packet);
    check(written, fmt::format("writing {}", shown()));
    ++packets_;
}

void FilePart::flush() {
    if (!context_->pb)
        return;
    avio_flush(context_->pb);
    check(std::min(context_->pb->error, 0), fmt::format("writing {}", shown()));
}

void FilePart::finish() {
    if (!std::exchange(begun_, false))
        return;
    const int written = av_write_trailer(context_.get());
    int closed = 0;
    if (bytes_) {
        bytes_->flush();
        closed = std::min(context_->pb->error, 0);
        context_->pb = nullptr;
    } else if (!file_ && context_->pb && !(context_->oformat->flags & AVFMT_NOFILE)) {
        closed = avio_closep(&context_->pb);
    }
    check(written, fmt::format("finishing {}", shown()));
    if (file_) {
        context_->pb = nullptr;
        file_->close();
    }
    check(closed, fmt::format("closing {}", shown()));
}

void FilePart::commit() {
    if (file_)
        file_->commit();
}

std::string FilePart::keep_partial() {
    if (!file_)
        return name_.text;
    context_->pb = nullptr;
    try {
        file_->close();
    } catch (const AvError&) {
        // why it is only a part is known already
    }
    return file_->keep_partial();
}

void FilePart::discard() noexcept {
    if (!context_)
        return;
    if (!file_ && !bytes_ && context_->pb && !(context_->oformat->flags & AVFMT_NOFILE))
        avio_closep(&context_->pb);
    context_->pb = nullptr;
    context_.reset();
    if (file_)
        file_->discard();
}

} // namespace weir::detail
