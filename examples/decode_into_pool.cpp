// Decodes video with libavcodec into a pool of Weir's, without the framework: weir::pools is a library of its own, and the
// only glue is a get_buffer2 of some twenty lines.
//
//   decode_into_pool [FILE]     FILE's best video stream; without FILE, pictures that it encodes itself first
//
// Prints what was decoded, the pool's figures, and who has the frames while three of them are held back.
#include <weir/pools/pool_registry.hpp>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

template <class T, void (*Function)(T**)> struct Free {
    void operator()(T* object) const noexcept { Function(&object); }
};
using Frame = std::unique_ptr<AVFrame, Free<AVFrame, av_frame_free>>;
using Packet = std::unique_ptr<AVPacket, Free<AVPacket, av_packet_free>>;
using Codec = std::unique_ptr<AVCodecContext, Free<AVCodecContext, avcodec_free_context>>;
using Input = std::unique_ptr<AVFormatContext, Free<AVFormatContext, avformat_close_input>>;

void check(int result, const char* what) {
    if (result >= 0)
        return;
    std::array<char, AV_ERROR_MAX_STRING_SIZE> reason{};
    av_strerror(result, reason.data(), reason.size());
    throw std::runtime_error(std::string(what) + ": " + reason.data());
}

/// FFmpeg's names end in the byte order where ours do not.
weir::PixelFormat named(AVPixelFormat format) {
    const char* const text = av_get_pix_fmt_name(format);
    std::string name = text ? text : "";
    if (name.ends_with("le"))
        name.resize(name.size() - 2);
    return weir::pixel_format(name).value_or(weir::PixelFormat::none);
}

/// Where the decoder's frames come from: the pool of the size that the codec asks for. A handle lives in each AVBuffer.
class FrameSource {
public:
    FrameSource(weir::PoolRegistry& registry, std::size_t frames) : registry_(registry), frames_(frames), holder_("decoder") {}

    void attach(AVCodecContext& decoder) {
        decoder.thread_type = FF_THREAD_SLICE; // with frame threads several would ask for memory at once
        decoder.opaque = this;
        decoder.get_buffer2 = [](AVCodecContext* context, AVFrame* frame, int flags) noexcept {
            auto& self = *static_cast<FrameSource*>(context->opaque);
            try {
                return self.fill(*context, *frame, flags);
            } catch (const std::exception&) {
                return AVERROR(ENOMEM);
            }
        };
    }
    /// The handle in a decoded frame: drop the AVFrame and keep this, and the memory stays.
    static weir::PooledFrame& handle(const AVFrame& frame) { return *static_cast<weir::PooledFrame*>(frame.opaque); }

private:
    int fill(AVCodecContext& context, AVFrame& frame, int flags) {
        const weir::PixelFormat format = named(static_cast<AVPixelFormat>(frame.format));
        if (format == weir::PixelFormat::none)
            return avcodec_default_get_buffer2(&context, &frame, flags);
        int width = frame.width;
        int height = frame.height;
        std::array<int, AV_NUM_DATA_POINTERS> alignment{};
        avcodec_align_dimensions2(&context, &width, &height, alignment.data());
        weir::BufferRequirements requirements;
        for (const int one : alignment)
            requirements.alignment =
                std::max(requirements.alignment, std::bit_ceil(static_cast<std::uint32_t>(std::max(one, 1))));

        const weir::VideoFormat wanted{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), format};
        weir::BasicFramePool pool = registry_.frames(wanted, requirements);
        if (!(pool == pool_)) { // the stream's size has changed, or this is its first picture
            if (pool_)
                pool_.add_demand(-static_cast<std::ptrdiff_t>(frames_));
            pool.add_demand(static_cast<std::ptrdiff_t>(frames_));
            pool_ = pool;
        }
        auto handle = std::make_unique<weir::PooledFrame>(
            pool_.acquire_or_spill({.quota = {}, .holder = holder_.id(), .now = weir::ledger_now()}));
        for (std::uint32_t i = 0; i < handle->planes(); ++i) {
            const weir::Plane plane = handle->writable_plane(i);
            frame.data[i] = reinterpret_cast<std::uint8_t*>(plane.data);
            frame.linesize[i] = static_cast<int>(plane.stride);
        }
        frame.extended_data = frame.data;
        frame.buf[0] = av_buffer_create(
            frame.data[0], handle->layout().bytes,
            [](void* opaque, std::uint8_t*) { delete static_cast<weir::PooledFrame*>(opaque); }, handle.get(), 0);
        if (!frame.buf[0])
            return AVERROR(ENOMEM);
        frame.opaque = handle.release();
        return 0;
    }

    weir::PoolRegistry& registry_;
    std::size_t frames_;
    weir::Holder holder_;
    weir::BasicFramePool pool_;
};

using OnFrame = std::function<void(const AVFrame&)>;

void receive(AVCodecContext& decoder, AVFrame& frame, const OnFrame& on_frame) {
    while (avcodec_receive_frame(&decoder, &frame) >= 0) {
        on_frame(frame);
        av_frame_unref(&frame);
    }
}
/// What comes of one packet.
void decode_into(AVCodecContext& decoder, const AVPacket& packet, AVFrame& frame, const OnFrame& on_frame) {
    if (avcodec_send_packet(&decoder, &packet) >= 0)
        receive(decoder, frame, on_frame);
}
/// What is still inside at the end.
void drain_into(AVCodecContext& decoder, AVFrame& frame, const OnFrame& on_frame) {
    avcodec_send_packet(&decoder, nullptr);
    receive(decoder, frame, on_frame);
}

Codec opened(const AVCodec* codec, const std::function<void(AVCodecContext&)>& configure) {
    if (!codec)
        throw std::runtime_error("libavcodec lacks the codec");
    Codec context(avcodec_alloc_context3(codec));
    configure(*context);
    check(avcodec_open2(context.get(), codec, nullptr), codec->name);
    return context;
}

/// Fifty grey pictures as packets of MPEG-4.
std::vector<Packet> own_packets() {
    const Codec encoder = opened(avcodec_find_encoder(AV_CODEC_ID_MPEG4), [](AVCodecContext& context) {
        context.width = 320;
        context.height = 240;
        context.pix_fmt = AV_PIX_FMT_YUV420P;
        context.time_base = {1, 25};
    });
    const Frame frame(av_frame_alloc());
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = 320;
    frame->height = 240;
    check(av_frame_get_buffer(frame.get(), 0), "a picture");
    std::vector<Packet> packets;
    for (int i = 0; i <= 50; ++i) {
        check(av_frame_make_writable(frame.get()), "a picture");
        for (int plane = 0; plane < 3; ++plane) {
            const int rows = plane == 0 ? 240 : 120;
            std::fill_n(frame->data[plane], frame->linesize[plane] * rows, static_cast<std::uint8_t>(plane == 0 ? 4 * i : 128));
        }
        frame->pts = i;
        check(avcodec_send_frame(encoder.get(), i < 50 ? frame.get() : nullptr), "encoding");
        for (Packet packet(av_packet_alloc()); avcodec_receive_packet(encoder.get(), packet.get()) >= 0;
             packet.reset(av_packet_alloc()))
            packets.push_back(std::move(packet));
    }
    return packets;
}

} // namespace

int main(int argc, char** argv) try {
    weir::RegistryConfig config;
    config.on_warning = [](const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); };
    weir::PoolRegistry registry(config);
    FrameSource source(registry, 24);

    // Somebody who looks back at the last three pictures: only then they go home.
    const weir::Holder looker("look-back");
    std::deque<weir::PooledFrame> last;
    int count = 0;
    const OnFrame keep = [&](const AVFrame& frame) {
        ++count;
        if (!frame.opaque)
            return; // a format without a name here: libavcodec's own memory
        last.push_back(FrameSource::handle(frame));
        last.back().pass_to(looker.id(), weir::ledger_now());
        if (last.size() > 3)
            last.pop_front();
    };
    const Frame frame(av_frame_alloc());
    if (argc > 1) {
        AVFormatContext* opening = nullptr;
        check(avformat_open_input(&opening, argv[1], nullptr, nullptr), argv[1]);
        const Input input(opening);
        check(avformat_find_stream_info(opening, nullptr), argv[1]);
        const AVCodec* codec = nullptr;
        const int stream = av_find_best_stream(opening, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
        check(stream, "a video stream");
        const Codec decoder = opened(codec, [&](AVCodecContext& context) {
            check(avcodec_parameters_to_context(&context, opening->streams[stream]->codecpar), "the stream");
            source.attach(context);
        });
        for (const Packet packet(av_packet_alloc()); av_read_frame(opening, packet.get()) >= 0; av_packet_unref(packet.get()))
            if (packet->stream_index == stream)
                decode_into(*decoder, *packet, *frame, keep);
        drain_into(*decoder, *frame, keep);
    } else {
        const Codec decoder =
            opened(avcodec_find_decoder(AV_CODEC_ID_MPEG4), [&](AVCodecContext& context) { source.attach(context); });
        for (const Packet& packet : own_packets())
            decode_into(*decoder, *packet, *frame, keep);
        drain_into(*decoder, *frame, keep);
    }

    std::printf("%d pictures\n", count);
    for (const weir::PoolReport& pool : registry.stats())
        std::printf("%s: %llu acquires, %llu buffers ever made, %zu out now\n", pool.format.c_str(),
                    static_cast<unsigned long long>(pool.stats.total_acquires),
                    static_cast<unsigned long long>(pool.stats.allocations), pool.stats.in_use);
    for (const weir::Ledger& ledger : registry.ledger())
        std::printf("%s: %s\n", ledger.format.c_str(), to_string(ledger).c_str());
    return count > 0 ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "decode_into_pool: %s\n", error.what());
    return 1;
}
