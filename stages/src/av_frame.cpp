// Handles given to encoders and filters of FFmpeg, without a copy.
#include <weir/stages/av.hpp>

#include <memory>
#include <new>
#include <utility>

namespace weir::av {
namespace {

template <class Handle> void drop_handle(void* opaque, std::uint8_t*) { delete static_cast<Handle*>(opaque); }

std::uint8_t* bytes(const std::byte* data) noexcept {
    // FFmpeg has no const planes; the buffer is marked read-only instead.
    return reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(data));
}

/// Makes the frame hold the handle.
template <class Handle> void hold(AVFrame& frame, Handle handle) {
    const detail::Block& block = *handle.block().get();
    auto kept = std::make_unique<Handle>(std::move(handle));
    std::uint8_t* const start = block.memory ? bytes(block.memory) : frame.extended_data[0];
    frame.buf[0] = av_buffer_create(start, block.bytes, &drop_handle<Handle>, kept.get(), AV_BUFFER_FLAG_READONLY);
    if (!frame.buf[0])
        throw std::bad_alloc();
    static_cast<void>(kept.release()); // the buffer's now
}

void attach_side_data(AVFrame& frame, const std::shared_ptr<const SideData>& side_data) {
    const FrameExtras* extras = extras_of(side_data);
    const AVFrame* carrier = extras ? extras->side_data() : nullptr;
    for (int i = 0; carrier && i < carrier->nb_side_data; ++i) {
        const AVFrameSideData& one = *carrier->side_data[i];
        BufferPtr buffer(av_buffer_ref(one.buf));
        if (!buffer || !av_frame_new_side_data_from_buf(&frame, one.type, buffer.get()))
            throw std::bad_alloc();
        static_cast<void>(buffer.release());
    }
}

} // namespace

const FrameExtras* extras_of(const std::shared_ptr<const SideData>& side_data) noexcept {
    return dynamic_cast<const FrameExtras*>(side_data.get());
}

FramePtr to_av(PooledFrame frame) {
    FramePtr result = make_frame();
    const FrameHeader& header = frame.header();
    const VideoFormat format = frame.format();
    result->format = to_av(format.pixel_format);
    result->width = static_cast<int>(format.width);
    result->height = static_cast<int>(format.height);
    result->pts = header.pts;
    result->pkt_duration = header.duration;
    result->time_base = to_av(header.time_base);
    result->sample_aspect_ratio = to_av(header.sample_aspect);
    result->interlaced_frame = header.fields != FieldOrder::progressive;
    result->top_field_first = header.fields == FieldOrder::top_first;
    result->key_frame = header.key;
    set_colour(*result, header.colour);
    for (std::uint32_t i = 0; i < frame.planes(); ++i) {
        const ConstPlane plane = frame.plane(i);
        result->data[i] = bytes(plane.data);
        result->linesize[i] = static_cast<int>(plane.stride);
    }
    attach_side_data(*result, header.side_data);
    hold(*result, std::move(frame));
    return result;
}

FramePtr to_av(PooledSamples samples) {
    FramePtr result = make_frame();
    const SampleHeader& header = samples.header();
    result->format = to_av(header.format.sample_format);
    result->sample_rate = static_cast<int>(header.format.sample_rate);
    result->ch_layout = to_av(header.format.layout);
    result->nb_samples = static_cast<int>(header.count);
    result->pts = header.pts;
    result->pkt_duration = header.duration;
    result->time_base = to_av(header.time_base);
    const std::uint32_t planes = samples.planes();
    if (planes > AV_NUM_DATA_POINTERS) {
        auto* pointers = static_cast<std::uint8_t**>(av_calloc(planes, sizeof(std::uint8_t*)));
        if (!pointers)
            throw std::bad_alloc();
        result->extended_data = pointers; // freed with the frame
    }
    for (std::uint32_t i = 0; i < planes; ++i) {
        result->extended_data[i] = bytes(samples.plane(i));
        if (i < AV_NUM_DATA_POINTERS)
            result->data[i] = result->extended_data[i];
    }
    result->linesize[0] = static_cast<int>(samples.plane_bytes());
    attach_side_data(*result, header.side_data);
    hold(*result, std::move(samples));
    return result;
}

} // namespace weir::av
