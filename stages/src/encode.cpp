#include <weir/framework/live_options.hpp>
#include <weir/framework/offload.hpp>
#include <weir/stages/encode.hpp>

#include "audio_encoding.hpp"
#include "encoder_delay.hpp"
#include "encoder_live.hpp"
#include "video_encoding.hpp"

#include <fmt/format.h>

#include <optional>
#include <type_traits>
#include <utility>

namespace weir {
namespace {

using OnChange = EncodeOptions::OnChange;

constexpr std::size_t largest_batch = 4; ///< frames given to a codec with threads in one go
constexpr std::size_t most_packets = 16; ///< taken in one go: what a codec gives at its end may be long

std::string format_text(const PooledFrame& frame) { return to_string(frame.format()); }
std::string format_text(const PooledSamples& samples) { return to_string(samples.format()); }

/// True if frames of another format are not to be encoded; throws if they must not come.
template <class Item> bool left_out(StageContext& context, const Item& item, OnChange policy) {
    if (policy == OnChange::fail)
        throw FormatError(fmt::format("on_change=fail: the format changes to {}", format_text(item)));
    if (policy != OnChange::drop)
        return false;
    context.counter("dropped by format").fetch_add(1, std::memory_order_relaxed);
    context.warn("drop", fmt::format("{} dropped: on_change=drop", format_text(item)));
    return true;
}

/// `Encoding` is VideoEncoding or AudioEncoding.
template <class Encoding, class Item>
Process run_encoder(StageContext& context, Encoding encoding, Input<Item> in, Output<Packet> out) {
    std::optional<Item> held; // the first of a format that wants an encoder of its own
    bool ended = false;
    for (;;) {
        while (!held && !ended &&
               (!encoding.open() || encoding.encoder().frames_waiting() == 0 ||
                (encoding.threaded() && in.ready() && encoding.encoder().frames_waiting() < largest_batch))) {
            const Head<Item> head = co_await in.head();
            if (head.gap) {
                // Pictures that are still inside may lie long before it: then it would be wrong to pass it on. Of sound only
                // a frame or two are inside, for which nobody need wait.
                if (!encoding.open() || std::is_same_v<Item, PooledSamples>)
                    out.put_gap(*head.gap);
                in.skip_gap();
                continue;
            }
            std::optional<Item> item = co_await in.next();
            if (!item) {
                ended = true;
                break;
            }
            const bool change = encoding.open() && encoding.is_change(*item);
            if (change && left_out(context, *item, encoding.on_change()))
                continue;
            if (!encoding.open() || (change && encoding.on_change() == OnChange::renegotiate))
                held = std::move(item);
            else
                encoding.add(std::move(*item));
        }

        if (encoding.open()) {
            if (held || ended) {
                encoding.finish();
                encoding.encoder().finish();
            }
            for (;;) {
                if (encoding.threaded())
                    co_await offload([&encoding] { encoding.encoder().work(most_packets); });
                else
                    encoding.encoder().work(most_packets);
                if (!encoding.encoder().has_packet())
                    break;
                while (encoding.encoder().has_packet()) {
                    Packet packet = encoding.encoder().take();
                    const bool open = co_await out.put(std::move(packet));
                    if (!open)
                        co_return;
                }
                if (encoding.encoder().frames_waiting() == 0 && !held && !ended)
                    break;
            }
        }
        if (held) {
            if (encoding.threaded())
                co_await offload([&encoding, &held] { encoding.start(*held); });
            else
                encoding.start(*held);
            encoding.add(std::move(*held));
            held.reset();
        } else if (ended) {
            co_return;
        }
    }
}

class Encode final : public StageDefinition {
public:
    explicit Encode(const EncodeOptions& options) : options_(options), codec_(detail::find_encoder(options.codec)) {
        EncodeOptions::table().check(options);
        static_cast<void>(detail::encoder_context(codec_, options.codec_options)); // wrong options are told now
    }

    [[nodiscard]] std::string type() const override { return "encode"; }
    [[nodiscard]] StageTraits traits() const override {
        const EncodeOptions options = options_.get();
        StageTraits traits;
        traits.codec_load = codec_.type == AVMEDIA_TYPE_VIDEO ? 3 : 0;
        traits.passes_frames = false;
        traits.forwards_gaps = false;
        traits.holds = detail::frames_referenced(codec_, options.codec_options, options.threads.value);
        traits.delay = detail::encoder_delay(codec_, options.codec_options, frame_rate_);
        return traits;
    }
    void declare(Ports& ports) override {
        if (codec_.type == AVMEDIA_TYPE_VIDEO)
            static_cast<void>(ports.input<PooledFrame>("in"));
        else
            static_cast<void>(ports.input<PooledSamples>("in"));
        static_cast<void>(ports.output<Packet>("out"));
    }

    void open(OpenContext& context) override {
        // As much as is known before the first frame: muxers look whether their container can hold it.
        PacketFormat format;
        format.media = av::from_av(codec_.type);
        format.codec = avcodec_get_name(codec_.id);
        if (const detail::OutputBase* from = context.upstream("in"); from && from->packet_format)
            format.frame_rate = frame_rate_ = from->packet_format->frame_rate;
        context.ports().outputs().front()->packet_format = std::make_shared<const PacketFormat>(std::move(format));
    }

    [[nodiscard]] Process run(StageContext& context, Ports& ports) override {
        const auto out = ports.get_output<Packet>("out");
        if (codec_.type == AVMEDIA_TYPE_VIDEO)
            return run_encoder(context, detail::VideoEncoding(context, codec_, options_), ports.get_input<PooledFrame>("in"),
                               out);
        return run_encoder(context, detail::AudioEncoding(context, codec_, options_), ports.get_input<PooledSamples>("in"),
                           out);
    }

    void change_option(std::string_view name, std::string_view value) override {
        options_.update([&](EncodeOptions& options) { detail::set_live_option(codec_, options.codec_options, name, value); });
    }

private:
    LiveOptions<EncodeOptions> options_;
    const AVCodec& codec_;
    Rational frame_rate_{0, 1};
};

} // namespace

const OptionTable<EncodeOptions>& EncodeOptions::table() {
    static const OptionTable<EncodeOptions> table = [] {
        OptionTable<EncodeOptions> t;
        t.add("codec", &EncodeOptions::codec,
              {.help = "FFmpeg's name of an encoder: libx264, aac", .positional = true, .required = true});
        t.add("on_change", &EncodeOptions::on_change,
              {.help = "frames of another format than the first: convert them, end and begin anew, drop them, fail",
               .choices = {"convert", "renegotiate", "drop", "fail"}});
        t.add("strict", &EncodeOptions::strict, {.help = "refuse what the codec cannot take as it is"});
        t.add("experimental", &EncodeOptions::experimental, {.help = "allow encoders that FFmpeg calls experimental"});
        t.add("pixel_format", &EncodeOptions::pixel_format,
              {.help = "of what is encoded; as the input, or the nearest, if not given"});
        t.add("threads", &EncodeOptions::threads, {.help = "threads of the codec"});
        t.add_rest(&EncodeOptions::codec_options, "options of the encoder, as FFmpeg calls them");
        return t;
    }();
    return table;
}

std::unique_ptr<StageDefinition> encode(const EncodeOptions& options) { return std::make_unique<Encode>(options); }

std::unique_ptr<StageDefinition> encode(const std::string& codec, const std::map<std::string, std::string>& options) {
    std::vector<Argument> arguments{{"codec", codec}};
    for (const auto& [key, value] : options)
        arguments.push_back({key, value});
    EncodeOptions parsed;
    EncodeOptions::table().parse(parsed, arguments);
    return encode(parsed);
}

} // namespace weir
