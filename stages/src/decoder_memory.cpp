// Where decoders get the memory for their frames: from the registry's pools.
#include <weir/pools/errors.hpp>

#include "decoder.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace weir::detail {
namespace {

void drop_block(void* opaque, std::uint8_t*) { CodecMemory::drop(*static_cast<Block*>(opaque)); }

/// Gives the block to the frame, whose last reference drops it.
int attach(AVFrame& frame, Block& block) {
    frame.buf[0] = av_buffer_create(reinterpret_cast<std::uint8_t*>(block.memory), block.bytes, &drop_block, &block, 0);
    if (!frame.buf[0]) {
        CodecMemory::drop(block);
        return AVERROR(ENOMEM);
    }
    frame.opaque = &block;
    return 0;
}

/// Decoders that fill in whatever they could not decode, with their default options. For them zeroing would be 2 % of the time.
bool conceals_damage(AVCodecID codec) noexcept {
    return codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_MPEG1VIDEO || codec == AV_CODEC_ID_MPEG2VIDEO ||
           codec == AV_CODEC_ID_MPEG4;
}

/// The size the codec asks for: it may write whole blocks of pixels beyond the picture's edges.
int take_picture(AVCodecContext& context, AVFrame& frame, CodecMemory& memory, PixelFormat format) {
    int width = frame.width;
    int height = frame.height;
    std::array<int, AV_NUM_DATA_POINTERS> stride_alignment{};
    avcodec_align_dimensions2(&context, &width, &height, stride_alignment.data());
    BufferRequirements requirements;
    for (const int alignment : stride_alignment)
        requirements.alignment =
            std::max(requirements.alignment, std::bit_ceil(static_cast<std::uint32_t>(std::max(alignment, 1))));
    Block* const block = memory.acquire(
        VideoFormat{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), format}, requirements);
    // A damaged stream leaves parts of pictures as they were. What shows there must not depend on who used the memory before.
    if (!conceals_damage(context.codec_id))
        std::memset(block->memory, 0, block->bytes);
    for (std::uint32_t i = 0; i < block->frame->planes; ++i) {
        frame.data[i] = reinterpret_cast<std::uint8_t*>(block->plane[i].data);
        frame.linesize[i] = static_cast<int>(block->plane[i].stride);
    }
    frame.extended_data = frame.data;
    return attach(frame, *block);
}

int take_sound(AVFrame& frame, CodecMemory& memory) {
    AudioFormat format;
    format.sample_format = av::from_av(static_cast<AVSampleFormat>(frame.format));
    format.layout = av::from_av(frame.ch_layout);
    format.sample_rate = static_cast<std::uint32_t>(std::max(frame.sample_rate, 0));
    const bool planar = is_planar(format.sample_format);
    const std::uint32_t planes = planar ? format.layout.channels : 1;
    std::uint8_t** pointers = frame.data;
    if (planes > AV_NUM_DATA_POINTERS) {
        pointers = static_cast<std::uint8_t**>(av_calloc(planes, sizeof(std::uint8_t*)));
        if (!pointers)
            return AVERROR(ENOMEM);
    }
    Block* block = nullptr;
    try {
        block = memory.acquire(format, static_cast<std::uint32_t>(frame.nb_samples));
    } catch (...) {
        if (pointers != frame.data)
            av_free(pointers);
        throw;
    }
    std::memset(block->memory, 0, block->bytes); // as for pictures; it is little
    frame.extended_data = pointers;              // freed with the frame if it is not its own array
    for (std::uint32_t i = 0; i < planes; ++i) {
        pointers[i] = reinterpret_cast<std::uint8_t*>(block->memory + i * block->samples->plane_bytes);
        if (i < AV_NUM_DATA_POINTERS)
            frame.data[i] = pointers[i];
    }
    frame.linesize[0] = static_cast<int>(block->samples->plane_bytes);
    return attach(frame, *block);
}

} // namespace

int Decoder::take_memory(AVCodecContext& context, AVFrame& frame, int flags) {
    if (context.codec_type == AVMEDIA_TYPE_AUDIO)
        return frame.nb_samples > 0 ? take_sound(frame, *settings_.memory)
                                    : avcodec_default_get_buffer2(&context, &frame, flags);
    const PixelFormat format = av::from_av(static_cast<AVPixelFormat>(frame.format));
    if (format == PixelFormat::none)
        return avcodec_default_get_buffer2(&context, &frame, flags);
    return take_picture(context, frame, *settings_.memory, format);
}

/// Called on the codec's threads, several at once.
int Decoder::get_buffer(AVCodecContext* context, AVFrame* frame, int flags) noexcept {
    auto& self = *static_cast<Decoder*>(context->opaque);
    try {
        return self.take_memory(*context, *frame, flags);
    } catch (const FormatError&) {
        return AVERROR_INVALIDDATA; // a damaged header asks for what nobody can store
    } catch (...) {
        const Lock lock(self.memory_mutex_);
        if (!self.memory_error_)
            self.memory_error_ = std::current_exception();
        return AVERROR(ENOMEM);
    }
}

} // namespace weir::detail
