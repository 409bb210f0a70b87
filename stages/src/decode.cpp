#include <weir/framework/offload.hpp>
#include <weir/stages/decode.hpp>
#include <weir/stages/timeline.hpp>

#include "decoder.hpp"
#include "link_room.hpp"
#include "sws_bridge.hpp"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {
namespace {

using detail::Decoder;

constexpr std::size_t largest_batch = 8; ///< frames decoded in one go on other threads

/// What both kinds of decoding do besides awaiting.
class Decoding {
public:
    Decoding(StageContext& context, detail::DecoderSettings settings, bool fail_on_error)
        : context_(context), settings_(std::move(settings)), fail_on_error_(fail_on_error),
          errors_(context.counter("decode errors")) {}

    [[nodiscard]] bool threaded() const noexcept { return settings_.threads > 1; }
    [[nodiscard]] bool open() const noexcept { return decoder_ != nullptr; }
    [[nodiscard]] Decoder& decoder() noexcept { return *decoder_; }
    void start(const std::shared_ptr<const PacketFormat>& format) {
        format_ = format;
        decoder_ = std::make_unique<Decoder>(format, settings_);
        reported_ = 0;
    }
    /// Says what could not be decoded since the last time.
    void report() {
        const std::uint64_t fresh = decoder_->errors() - std::exchange(reported_, decoder_->errors());
        if (fresh == 0)
            return;
        errors_.fetch_add(fresh, std::memory_order_relaxed);
        if (fail_on_error_)
            throw AvError("decoding " + format_->codec, decoder_->last_error());
        context_.warn("decode", fmt::format("{} packet{} of {} could not be decoded: {}", fresh, fresh == 1 ? "" : "s",
                                            format_->codec, av::error_text(decoder_->last_error())));
        last_error_ = decoder_->last_error();
    }
    void count_frames() noexcept { frames_ += decoder_->decoded(); }
    /// At the end of the stream.
    void require_some() const {
        if (frames_ == 0 && errors_.load(std::memory_order_relaxed) > 0)
            throw AvError(fmt::format("not one of {} packets of {} could be decoded", errors_.load(std::memory_order_relaxed),
                                      format_->codec),
                          last_error_);
    }

private:
    StageContext& context_;
    detail::DecoderSettings settings_;
    bool fail_on_error_;
    std::atomic<std::uint64_t>& errors_;
    std::unique_ptr<Decoder> decoder_;
    std::shared_ptr<const PacketFormat> format_;
    std::uint64_t reported_ = 0;
    std::uint64_t frames_ = 0;
    int last_error_ = 0;
};

void complete(PooledFrame& picture, const PacketFormat& source) {
    picture.header().frame_rate = source.frame_rate;
    const av::StreamParameters* stream = av::stream_of(source);
    if (stream && stream->sample_aspect.valid()) // the container knows better, as for the ffmpeg command
        picture.header().sample_aspect = stream->sample_aspect;
}

/// Hands on pictures, and converts those whose format has no name.
struct Pictures {
    using Item = PooledFrame;
    static constexpr bool reorders = true;
    StageContext& context;
    CodecMemory& memory;
    detail::SwsBridge bridge{};

    /// The format to convert to; empty if nothing has to be.
    [[nodiscard]] std::optional<VideoFormat> conversion(const AVFrame& frame) {
        const auto format = static_cast<AVPixelFormat>(frame.format);
        if (av::from_av(format) != PixelFormat::none)
            return std::nullopt;
        const PixelFormat to = detail::nearest_named(format);
        const char* name = av_get_pix_fmt_name(format);
        if (to == PixelFormat::none)
            throw FormatError(
                fmt::format("pictures in the pixel format {} can neither be stored nor converted", name ? name : "?"));
        auto& converted = context.counter("frames converted");
        if (converted.fetch_add(1, std::memory_order_relaxed) == 0)
            context.info(fmt::format("the decoder's pixel format {} has no name here: converted to {}", name ? name : "?",
                                     to_string(to)));
        return VideoFormat{static_cast<std::uint32_t>(frame.width), static_cast<std::uint32_t>(frame.height), to};
    }
    void convert(AVFrame& from, PooledFrame& to) {
        bridge.convert(from, to);
        FrameHeader header = av::frame_header(from, av::from_av(from.time_base));
        header.crop = to.header().crop;
        to.header() = std::move(header);
    }
    [[nodiscard]] PooledFrame wrap(AVFrame& frame) { return av::adopt_picture(frame, memory); }
};

struct Sound {
    using Item = PooledSamples;
    static constexpr bool reorders = false;
    StageContext& context;
    CodecMemory& memory;
    [[nodiscard]] PooledSamples wrap(AVFrame& frame) { return av::adopt_sound(frame, memory); }
};

/// All of it lies before the place that somebody went to. What is shown there does not.
template <class Header> bool ends_before(const Header& header, const std::optional<Position>& position) noexcept {
    if (!position || !position->exact)
        return false;
    const std::int64_t begins = timeline_pts(header);
    if (begins == no_time || !header.time_base.valid())
        return false;
    const std::int64_t ends = begins + std::max<std::int64_t>(header.duration, 0);
    const auto order = compare(ends, header.time_base, position->time.count(), nanosecond);
    return order < 0 || (order == 0 && header.duration > 0);
}

/// Packets in hand, then those that are there; then lets the codec work on them.
template <class Medium>
Process run_decoder(Medium medium, Decoding decoding, Input<Packet> in, Output<typename Medium::Item> out) {
    const std::optional<Position> position = medium.context.position();
    std::optional<Packet> held; // the first packet of a format that the open decoder does not take
    bool ended = false;
    while (co_await out.room()) {
        while (!decoding.open() || !decoding.decoder().has_frame()) {
            const std::size_t batch = decoding.threaded() ? detail::room_now(out, largest_batch) : 1;
            if (!decoding.open() || decoding.decoder().wants_packet()) {
                for (std::size_t n = 0; n < batch && !held && !ended && (n == 0 || in.ready()); ++n) {
                    const Head<Packet> head = co_await in.head();
                    if (head.gap) {
                        // Frames that are still inside may lie before it: then it would be wrong to pass it on.
                        if (!Medium::reorders || !decoding.open())
                            out.put_gap(*head.gap);
                        in.skip_gap();
                        continue;
                    }
                    std::optional<Packet> packet = co_await in.next();
                    if (!packet)
                        ended = true;
                    else if (decoding.open() && decoding.decoder().takes(*packet))
                        decoding.decoder().give(std::move(*packet));
                    else
                        held = std::move(packet);
                }
                if (decoding.open() && (held || ended))
                    decoding.decoder().finish();
                else if (!held && !ended && (!decoding.open() || decoding.decoder().wants_packet()))
                    continue; // only gaps came
            }
            if (decoding.open() && decoding.decoder().ended()) {
                decoding.count_frames();
                if (!held) {
                    decoding.require_some();
                    co_return;
                }
            }
            if (!decoding.open() || decoding.decoder().ended()) {
                if (!held)
                    co_return; // not one packet came
                const auto format = held->format;
                if (decoding.threaded())
                    co_await offload([&decoding, &format] { decoding.start(format); });
                else
                    decoding.start(format);
                decoding.decoder().give(std::move(*held));
                held.reset();
                if (ended)
                    decoding.decoder().finish();
            }
            if (decoding.threaded())
                co_await offload([&decoding, batch] { decoding.decoder().work(batch); });
            else
                decoding.decoder().work(batch);
            decoding.report();
        }

        Decoder& decoder = decoding.decoder();
        AVFrame& frame = decoder.front();
        const auto source = decoder.source_of(frame);
        auto extras = decoder.extras_of(frame);
        const std::int64_t entered = decoder.entered(frame);
        typename Medium::Item item;
        if constexpr (std::is_same_v<Medium, Pictures>) {
            const auto format = medium.conversion(frame);
            if (format) {
                item = co_await out.acquire(*format);
                medium.convert(frame, item);
            } else {
                item = medium.wrap(frame);
            }
            complete(item, *source);
        } else {
            item = medium.wrap(frame);
        }
        decoder.pop();
        item.header().side_data = std::move(extras);
        item.header().entered = entered;
        if (ends_before(item.header(), position))
            continue; // decoded for those that refer to it
        const bool open = co_await out.put(std::move(item));
        if (!open)
            co_return;
    }
}

class Decode final : public StageDefinition {
public:
    explicit Decode(DecodeOptions options) : options_(std::move(options)) { DecodeOptions::table().check(options_); }

    [[nodiscard]] std::string type() const override { return "decode"; }
    [[nodiscard]] StageTraits traits() const override {
        StageTraits traits;
        traits.codec_load = format_ && format_->media == MediaType::video ? 1 : 0;
        traits.passes_frames = false;
        traits.forwards_gaps = false;
        return traits;
    }
    void declare(Ports& ports) override { static_cast<void>(ports.input<Packet>("in")); }

    void open(OpenContext& context) override {
        const detail::OutputBase* from = context.upstream("in");
        if (!from)
            throw GraphError("nothing is connected to its input: only what comes in tells whether it gives pictures or sound");
        if (!from->packet_format)
            throw GraphError(
                "what comes in says nothing of its packets before it runs: set OutputBase::packet_format in `open`");
        format_ = from->packet_format;
        static_cast<void>(detail::find_decoder(*format_, options_.codec)); // now rather than when it runs
        if (format_->media == MediaType::video)
            static_cast<void>(context.ports().output<PooledFrame>("out"));
        else
            static_cast<void>(context.ports().output<PooledSamples>("out"));
        context.ports().outputs().front()->packet_format = format_; // for encoders: frame rate, media
    }

    [[nodiscard]] Process run(StageContext& context, Ports& ports) override {
        detail::OutputBase& output = *ports.outputs().front();
        detail::DecoderSettings settings;
        settings.codec = options_.codec;
        settings.threads = options_.threads.automatic() ? context.codec_threads() : options_.threads.value;
        context.counter("codec threads").store(settings.threads, std::memory_order_relaxed);
        settings.max_pixels = options_.max_pixels;
        settings.options = options_.codec_options;
        settings.memory = std::make_shared<CodecMemory>(context.registry(), output.quota(), context.name());
        CodecMemory& memory = *settings.memory;
        memory_ = settings.memory;
        Decoding decoding(context, std::move(settings), options_.on_error == DecodeOptions::OnError::fail);
        const auto in = ports.get_input<Packet>("in");
        if (format_->media == MediaType::video)
            return run_decoder(Pictures{context, memory}, std::move(decoding), in, ports.get_output<PooledFrame>("out"));
        return run_decoder(Sound{context, memory}, std::move(decoding), in, ports.get_output<PooledSamples>("out"));
    }

private:
    DecodeOptions options_;
    std::shared_ptr<const PacketFormat> format_;
    std::shared_ptr<CodecMemory> memory_; ///< outlives the codec: what others still have counts in the pools' maxima
};

} // namespace

const OptionTable<DecodeOptions>& DecodeOptions::table() {
    static const OptionTable<DecodeOptions> table = [] {
        OptionTable<DecodeOptions> t;
        t.add("threads", &DecodeOptions::threads, {.help = "threads of the codec"});
        t.add("on_error", &DecodeOptions::on_error,
              {.help = "what becomes of packets that cannot be decoded", .choices = {"skip", "fail"}});
        t.add("codec", &DecodeOptions::codec, {.help = "FFmpeg's name of a decoder, if not the usual one"});
        t.add("max_pixels", &DecodeOptions::max_pixels, {.help = "pixels a picture may have", .unit = "px", .min = 1});
        t.add_rest(&DecodeOptions::codec_options, "options of the decoder, as FFmpeg calls them");
        return t;
    }();
    return table;
}

std::unique_ptr<StageDefinition> decode(DecodeOptions options) { return std::make_unique<Decode>(std::move(options)); }

} // namespace weir
