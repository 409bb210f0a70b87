#include "format_reader.hpp"

#include <weir/framework/redact.hpp>

#include "av_options.hpp"
#include "codec_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <new>
#include <string_view>
#include <thread>

namespace weir::detail {
namespace {

constexpr std::size_t batch_packets = 16;
constexpr std::size_t batch_bytes = 1'000'000;
constexpr auto retry_after = std::chrono::milliseconds(5); ///< inputs that say they have nothing at the moment

av::Metadata metadata_of(const AVDictionary* dictionary) {
    av::Metadata result;
    const AVDictionaryEntry* entry = nullptr;
    while ((entry = av_dict_get(dictionary, "", entry, AV_DICT_IGNORE_SUFFIX)))
        result.emplace(entry->key, entry->value);
    return result;
}

/// The container's guess is exact for constant rates; where it is absurd (a rate made of the time base), the average is better.
Rational frame_rate(AVFormatContext& context, AVStream& stream) {
    constexpr double absurd = 240;
    const AVRational guess = av_guess_frame_rate(&context, &stream, nullptr);
    if (guess.num <= 0 || guess.den <= 0)
        return {0, 1};
    const AVRational average = stream.avg_frame_rate;
    if (av_q2d(guess) > absurd)
        return average.num > 0 && average.den > 0 && av_q2d(average) <= absurd ? av::from_av(average) : Rational{0, 1};
    return av::from_av(guess);
}

const char* kind_of(AVMediaType type) noexcept {
    switch (type) {
    case AVMEDIA_TYPE_VIDEO: return "video";
    case AVMEDIA_TYPE_AUDIO: return "audio";
    case AVMEDIA_TYPE_SUBTITLE: return "subtitle";
    default: return "data";
    }
}

} // namespace

FormatReader::FormatReader(const DemuxOptions& options, std::shared_ptr<ByteReader> bytes)
    : url_(bytes ? bytes_url(options.url, bytes->may_wait()) : input_url(options.url)) {
    deadline_ = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                       std::chrono::duration<double>(options.open_timeout));
    try {
        if (bytes)
            bytes_ = std::make_unique<ByteInput>(std::move(bytes), [this] {
                return IoLimit{stop_, opening_ ? deadline_ : std::chrono::steady_clock::time_point::max()};
            });
        open_input(options);
        require_order();
        find_streams(options);
        rethrow_error();
    } catch (const AvError& error) {
        rethrow_error();
        if (error.code() == AVERROR_EXIT || (bytes_ && too_late()))
            throw std::runtime_error(
                fmt::format("{}: opening it took longer than {} s (open_timeout)", shown(), options.open_timeout));
        if (std::string_view(error.what()).find("not on whitelist") != std::string_view::npos)
            throw std::runtime_error(fmt::format("{} (what the input itself may open is said by protocols=...)", error.what()));
        if (bytes_ && !bytes_->io()->seekable &&
            std::string_view(error.what()).find("moov atom not found") != std::string_view::npos)
            throw std::runtime_error(
                fmt::format("{} (if its index lies at its end, it takes a ByteReader that can seek)", error.what()));
        throw;
    }
    opening_ = false;
    name_streams();
    if (streams_.empty())
        throw std::runtime_error(fmt::format("{}: there are no streams in it", shown()));
    wanted_.assign(streams_.size(), true);
}

FormatReader::~FormatReader() = default;

std::string FormatReader::shown() const { return "'" + redact_url(url_.url) + "'"; }

int FormatReader::interrupted(void* self) noexcept {
    const auto& reader = *static_cast<const FormatReader*>(self);
    return reader.stop_.stop_requested() || reader.too_late();
}

bool FormatReader::too_late() const noexcept { return opening_ && std::chrono::steady_clock::now() > deadline_; }

void FormatReader::open_input(const DemuxOptions& options) {
    const AVInputFormat* format = nullptr;
    if (!options.format.empty()) {
        format = av_find_input_format(options.format.c_str());
        if (!format)
            throw OptionError(fmt::format("format: there is no input format '{}'", options.format), "format");
    } else if (url_.pattern) {
        format = av_find_input_format("image2");
    }
    if (bytes_ && format && (format->flags & AVFMT_NOFILE))
        throw OptionError(
            fmt::format("format: {} opens its input itself and cannot read an application's bytes", options.format), "format");
    AvOptions given(options.format_options);
    given.set_default("scan_all_pmts", "1"); // MPEG-TS: all programs, as the ffmpeg command does

    const AVIOInterruptCB interrupt{&FormatReader::interrupted, this};
    AVFormatContext* context = avformat_alloc_context();
    if (!context)
        throw std::bad_alloc();
    context_.reset(context);
    context->interrupt_callback = interrupt;
    context->max_streams = static_cast<int>(options.max_streams);
    context->probesize = options.probe_bytes;
    context->max_analyze_duration = std::llround(options.probe_time * AV_TIME_BASE);
    std::string protocols = options.protocols.empty() ? url_.protocols : options.protocols;
    const bool own_io = !url_.path.empty() && !url_.pattern && (!format || !(format->flags & AVFMT_NOFILE));
    if (!url_.path.empty() && !own_io)
        protocols += ",file"; // the name itself stands for several files
    context->protocol_whitelist = av_strdup(protocols.c_str());
    if (own_io) {
        // Opened here, so that the file needs no permission for `file` on its own behalf.
        AVIOContext* io = nullptr;
        av::check(avio_open2(&io, ("file:" + url_.path).c_str(), AVIO_FLAG_READ, &interrupt, given.get()), shown());
        io_.reset(io);
        context->pb = io;
    }
    if (bytes_)
        context->pb = bytes_->io();
    static_cast<void>(context_.release()); // freed by FFmpeg if it fails
    const CodecComplaints complaints;
    complaints.check(avformat_open_input(&context, url_.url.c_str(), format, given.get()), shown());
    context_.reset(context);
    given.remove("scan_all_pmts");
    given.require_all_used(fmt::format("the input format {}", context->iformat->name));
}

/// Refuses an MP4 with its index at its end where one cannot go back to what lies before it: no packet would come of it.
void FormatReader::require_order() const {
    const AVIOContext* io = context_->pb;
    if (!io || (io->seekable & AVIO_SEEKABLE_NORMAL))
        return;
    const std::int64_t oldest = io->pos - (io->buf_end - io->buffer); // what is buffered can be had again
    for (unsigned i = 0; i < context_->nb_streams; ++i) {
        const AVIndexEntry* first = avformat_index_get_entry(context_->streams[i], 0);
        if (first && first->pos >= 0 && first->pos < oldest)
            throw std::runtime_error(
                fmt::format("{}: its index lies at its end: it takes {}", shown(),
                            bytes_ ? "a ByteReader that can seek" : "a file, or another input that can seek"));
    }
}

void FormatReader::find_streams(const DemuxOptions&) {
    av::check(avformat_find_stream_info(context_.get(), nullptr), "finding the streams of " + shown());
}

InputStream FormatReader::describe(AVStream& stream) const {
    av::StreamParameters parameters;
    parameters.codec = av::copy(*stream.codecpar);
    for (int i = 0; i < stream.nb_side_data; ++i) {
        const AVPacketSideData& data = stream.side_data[i];
        parameters.side_data.push_back({data.type, {data.data, data.data + data.size}});
    }
    parameters.sample_aspect = av::from_av(stream.sample_aspect_ratio);
    parameters.metadata = metadata_of(stream.metadata);
    parameters.file_metadata = metadata_;
    parameters.disposition = stream.disposition;
    InputStream result;
    const Rational rate = stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO ? frame_rate(*context_, stream) : Rational{0, 1};
    const Rational time_base = av::from_av(stream.time_base);
    if (rate.valid() && time_base.valid())
        result.frame_ticks = rescale(1, {rate.den, rate.num}, time_base);
    result.format = av::make_format(std::move(parameters), time_base, rate);
    return result;
}

void FormatReader::name_stream(std::size_t index) {
    AVStream& stream = *context_->streams[index];
    streams_[index] = describe(stream);
    if (stream.codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT) {
        stream.discard = AVDISCARD_ALL; // a font: no packets, no port
        return;
    }
    const std::string kind = kind_of(stream.codecpar->codec_type);
    streams_[index].name = kind + std::to_string(names_[kind]++);
}

bool FormatReader::is_new(const AVPacket& packet) const noexcept {
    const auto index = static_cast<std::size_t>(packet.stream_index);
    return index >= streams_.size() ||
           (streams_[index].name.empty() && context_->streams[index]->codecpar->codec_type != AVMEDIA_TYPE_ATTACHMENT);
}

std::size_t FormatReader::name_new_stream() {
    const auto index = static_cast<std::size_t>(ahead_.front()->stream_index);
    if (index >= streams_.size()) { // those between have no packet yet, and perhaps no known kind
        streams_.resize(index + 1);
        wanted_.resize(index + 1, false);
    }
    name_stream(index);
    want(index, false);
    return index;
}

void FormatReader::name_streams() {
    metadata_ = std::make_shared<const av::Metadata>(metadata_of(context_->metadata));
    streams_.resize(context_->nb_streams);
    for (std::size_t i = 0; i < streams_.size(); ++i)
        name_stream(i);
    for (const AVMediaType type : {AVMEDIA_TYPE_VIDEO, AVMEDIA_TYPE_AUDIO, AVMEDIA_TYPE_SUBTITLE, AVMEDIA_TYPE_DATA}) {
        int best = av_find_best_stream(context_.get(), type, -1, -1, nullptr, 0);
        for (unsigned i = 0; best < 0 && i < context_->nb_streams; ++i) // one about which too little is known is one yet
            if (context_->streams[i]->codecpar->codec_type == type)
                best = static_cast<int>(i);
        if (best < 0)
            continue;
        // A cover picture is the best only if there is nothing else.
        if (context_->streams[best]->disposition & AV_DISPOSITION_ATTACHED_PIC)
            for (unsigned i = context_->nb_streams; i-- > 0;)
                if (context_->streams[i]->codecpar->codec_type == type &&
                    !(context_->streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC))
                    best = static_cast<int>(i);
        streams_[static_cast<std::size_t>(best)].best = true;
    }
}

std::int64_t FormatReader::start() const noexcept { return context_->start_time == AV_NOPTS_VALUE ? 0 : context_->start_time; }

void FormatReader::want(std::size_t stream, bool wanted) noexcept {
    wanted_[stream] = wanted;
    context_->streams[stream]->discard = wanted ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
}

void FormatReader::read(PacketBatch& batch, std::stop_token stop) {
    stop_ = std::move(stop);
    std::size_t bytes = 0;
    // What may keep us waiting is handed on at once.
    const std::size_t most = url_.endpoint ? 1 : batch_packets;
    for (; !ahead_.empty() && batch.packets.size() < most; ahead_.pop_front()) {
        if (is_new(*ahead_.front()))
            return;
        if (wanted_[static_cast<std::size_t>(ahead_.front()->stream_index)])
            batch.packets.push_back(std::move(ahead_.front()));
    }
    while (batch.packets.size() < most && bytes < batch_bytes) {
        av::PacketPtr packet = av::make_packet();
        const int result = av_read_frame(context_.get(), packet.get());
        if (result == AVERROR(EAGAIN) && !stop_.stop_requested()) {
            if (!batch.packets.empty())
                return;
            std::this_thread::sleep_for(retry_after);
            continue;
        }
        if (result < 0) {
            batch.end = result;
            return;
        }
        if (is_new(*packet)) {
            ahead_.push_back(std::move(packet));
            return;
        }
        if (wanted_[static_cast<std::size_t>(packet->stream_index)]) {
            bytes += static_cast<std::size_t>(packet->size);
            batch.packets.push_back(std::move(packet));
        } else if (stop_.stop_requested()) {
            batch.end = AVERROR_EXIT;
            return;
        }
    }
}

bool FormatReader::damaged(int end) const noexcept {
    if (end == AVERROR_INVALIDDATA)
        return true;
    if (bytes_)
        return true; // why they could not be had is known
    // Demuxers call it an I/O error if a file is shorter than it says.
    const AVIOContext* io = context_->pb;
    return io && !url_.endpoint && (io->error == 0 || io->error == AVERROR_EOF);
}

} // namespace weir::detail
