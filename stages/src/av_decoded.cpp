// Decoded frames of FFmpeg as handles: buffers of ours are lent, others adopted.
#include <weir/framework/codec_memory.hpp>
#include <weir/stages/av.hpp>

#include <optional>
#include <utility>

namespace weir::av {
namespace {

/// The block a frame lies in, if it is one of ours. `AVFrame::opaque` is set by our `get_buffer2` alone, to the block. A
/// codec may have copied it from another frame with the rest of the properties: only the buffer's own note counts then.
detail::Block* block_of(const AVFrame& frame) noexcept {
    if (!frame.opaque || !frame.buf[0] || frame.buf[1] || av_buffer_get_opaque(frame.buf[0]) != frame.opaque)
        return nullptr;
    return static_cast<detail::Block*>(frame.opaque);
}

const std::byte* bytes(const std::uint8_t* data) noexcept { return reinterpret_cast<const std::byte*>(data); }

/// Where in the block the frame's picture lies; empty if the codec left planes that no crop of the block describes.
std::optional<Crop> crop_in(const detail::Block& block, const AVFrame& frame) noexcept {
    if (!block.frame || from_av(static_cast<AVPixelFormat>(frame.format)) != block.frame->format.pixel_format)
        return std::nullopt;
    const PixelFormatInfo& info = describe(block.frame->format.pixel_format);
    const std::ptrdiff_t stride = block.plane[0].stride;
    const std::ptrdiff_t offset = bytes(frame.data[0]) - block.plane[0].data;
    if (stride <= 0 || offset < 0)
        return std::nullopt;
    const Crop crop{static_cast<std::uint32_t>(offset % stride * 8 / info.plane[0].bits_per_pixel),
                    static_cast<std::uint32_t>(offset / stride), static_cast<std::uint32_t>(frame.width),
                    static_cast<std::uint32_t>(frame.height)};
    const VideoFormat& whole = block.frame->format;
    if (crop.x + crop.width > whole.width || crop.y + crop.height > whole.height || crop.x % (1u << info.log2_chroma_w) != 0 ||
        crop.y % (1u << info.log2_chroma_h) != 0)
        return std::nullopt;
    for (std::uint32_t i = 0; i < info.planes; ++i) {
        const bool palette = info.palette && i == 1;
        const auto x = palette ? 0 : std::ptrdiff_t{info.plane[i].chroma ? crop.x >> info.log2_chroma_w : crop.x};
        const auto y = palette ? 0 : std::ptrdiff_t{info.plane[i].chroma ? crop.y >> info.log2_chroma_h : crop.y};
        const std::byte* expected = block.plane[i].data + y * block.plane[i].stride + x * info.plane[i].bits_per_pixel / 8;
        if (bytes(frame.data[i]) != expected || (!palette && frame.linesize[i] != block.plane[i].stride))
            return std::nullopt;
    }
    return crop;
}

/// The first sample that is meant; empty if the planes are not where the block has them.
std::optional<std::uint32_t> offset_in(const detail::Block& block, const AVFrame& frame) noexcept {
    const SampleLayout* layout = block.samples;
    if (!layout || from_av(static_cast<AVSampleFormat>(frame.format)) != layout->sample_format ||
        frame.ch_layout.nb_channels != static_cast<int>(layout->channels))
        return std::nullopt;
    const std::size_t step =
        std::size_t{bytes_per_sample(layout->sample_format)} * (layout->planes == 1 ? layout->channels : 1);
    const std::ptrdiff_t offset = bytes(frame.extended_data[0]) - block.memory;
    if (offset < 0 || static_cast<std::size_t>(offset) % step != 0)
        return std::nullopt;
    const std::size_t first = static_cast<std::size_t>(offset) / step;
    if (first + static_cast<std::size_t>(frame.nb_samples) > layout->capacity)
        return std::nullopt;
    for (std::uint32_t i = 0; i < layout->planes; ++i)
        if (bytes(frame.extended_data[i]) != block.memory + i * layout->plane_bytes + offset)
            return std::nullopt;
    return static_cast<std::uint32_t>(first);
}

void free_frame(void* opaque) noexcept {
    auto* frame = static_cast<AVFrame*>(opaque);
    av_frame_free(&frame);
}

std::int64_t best_pts(const AVFrame& frame) noexcept {
    return frame.pts != AV_NOPTS_VALUE ? frame.pts : frame.best_effort_timestamp;
}

} // namespace

FrameHeader frame_header(const AVFrame& frame, Rational time_base) noexcept {
    FrameHeader header;
    header.pts = best_pts(frame);
    header.duration = frame.pkt_duration;
    header.time_base = time_base;
    header.crop = {0, 0, static_cast<std::uint32_t>(frame.width), static_cast<std::uint32_t>(frame.height)};
    header.sample_aspect = from_av(frame.sample_aspect_ratio);
    header.colour = colour_of(frame);
    if (frame.interlaced_frame)
        header.fields = frame.top_field_first ? FieldOrder::top_first : FieldOrder::bottom_first;
    header.key = frame.key_frame != 0;
    return header;
}

SampleHeader sample_header(const AVFrame& frame, Rational time_base) noexcept {
    SampleHeader header;
    header.pts = best_pts(frame);
    header.time_base = time_base;
    header.format = {from_av(static_cast<AVSampleFormat>(frame.format)), from_av(frame.ch_layout),
                     static_cast<std::uint32_t>(frame.sample_rate)};
    header.count = static_cast<std::uint32_t>(frame.nb_samples);
    if (frame.sample_rate > 0 && time_base.valid())
        header.duration = rescale(frame.nb_samples, {1, frame.sample_rate}, time_base);
    return header;
}

PooledFrame adopt_picture(AVFrame& frame, CodecMemory& memory) {
    FrameHeader header = frame_header(frame, from_av(frame.time_base));
    if (detail::Block* block = block_of(frame)) {
        if (const auto crop = crop_in(*block, frame)) {
            header.crop = *crop;
            PooledFrame lent = CodecMemory::lend(*block, std::move(header));
            av_frame_unref(&frame);
            return lent;
        }
    }
    const VideoFormat format{header.crop.width, header.crop.height, from_av(static_cast<AVPixelFormat>(frame.format))};
    FramePtr kept = make_frame();
    av_frame_move_ref(kept.get(), &frame);
    ForeignFrame foreign;
    for (std::size_t i = 0; i < foreign.plane.size(); ++i)
        foreign.plane[i] = {reinterpret_cast<std::byte*>(kept->data[i]), kept->linesize[i]};
    foreign.release = &free_frame;
    foreign.opaque = kept.release(); // freed by `adopt` even if it throws
    PooledFrame adopted = memory.adopt(format, foreign);
    adopted.header() = std::move(header);
    return adopted;
}

PooledSamples adopt_sound(AVFrame& frame, CodecMemory& memory) {
    SampleHeader header = sample_header(frame, from_av(frame.time_base));
    if (detail::Block* block = block_of(frame)) {
        if (const auto offset = offset_in(*block, frame)) {
            header.offset = *offset;
            PooledSamples lent = CodecMemory::lend(*block, std::move(header));
            av_frame_unref(&frame);
            return lent;
        }
    }
    FramePtr kept = make_frame();
    av_frame_move_ref(kept.get(), &frame);
    ForeignSamples foreign;
    foreign.plane = reinterpret_cast<std::byte**>(kept->extended_data);
    foreign.release = &free_frame;
    foreign.opaque = kept.release();
    PooledSamples adopted = memory.adopt(header.format, header.count, foreign);
    adopted.header() = std::move(header);
    return adopted;
}

} // namespace weir::av
