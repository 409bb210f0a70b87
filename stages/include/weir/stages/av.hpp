#pragma once
// FFmpeg's types and Weir's, for applications that use both. The only public header that includes FFmpeg's.
#include <weir/pools/packet.hpp>
#include <weir/pools/pooled_frame.hpp>
#include <weir/pools/pooled_samples.hpp>
#include <weir/stages/timeline.hpp>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>
#include <libavutil/pixfmt.h>
#include <libavutil/samplefmt.h>
}

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class CodecMemory;

/// One of FFmpeg's error codes. The text says what was tried and why it failed.
class AvError : public std::runtime_error {
public:
    AvError(const std::string& what, int code);
    [[nodiscard]] int code() const noexcept { return code_; } ///< AVERROR(...)

private:
    int code_;
};

namespace av {

/// FFmpeg's words for one of its error codes: "Invalid data found when processing input".
[[nodiscard]] std::string error_text(int code);
/// Throws AvError if `code` is negative (std::bad_alloc for AVERROR(ENOMEM)); otherwise gives it back.
int check(int code, std::string_view what);

struct Free {
    void operator()(AVFrame* frame) const noexcept { av_frame_free(&frame); }
    void operator()(AVPacket* packet) const noexcept { av_packet_free(&packet); }
    void operator()(AVCodecContext* context) const noexcept { avcodec_free_context(&context); }
    void operator()(AVCodecParameters* parameters) const noexcept { avcodec_parameters_free(&parameters); }
    void operator()(AVBufferRef* buffer) const noexcept { av_buffer_unref(&buffer); }
};
using FramePtr = std::unique_ptr<AVFrame, Free>;
using PacketPtr = std::unique_ptr<AVPacket, Free>;
using CodecContextPtr = std::unique_ptr<AVCodecContext, Free>;
using ParametersPtr = std::unique_ptr<AVCodecParameters, Free>;
using BufferPtr = std::unique_ptr<AVBufferRef, Free>;

// Empty ones. Throw std::bad_alloc.
[[nodiscard]] FramePtr make_frame();
[[nodiscard]] PacketPtr make_packet();
[[nodiscard]] ParametersPtr make_parameters();

// --- formats

/// Ours for FFmpeg's; `none` where we have no name for it. The yuvj formats are the yuv ones (`full_range` tells).
[[nodiscard]] PixelFormat from_av(AVPixelFormat format) noexcept;
[[nodiscard]] AVPixelFormat to_av(PixelFormat format) noexcept;
/// True for the yuvj formats.
[[nodiscard]] bool full_range(AVPixelFormat format) noexcept;
[[nodiscard]] SampleFormat from_av(AVSampleFormat format) noexcept;
[[nodiscard]] AVSampleFormat to_av(SampleFormat format) noexcept;
/// Custom orders keep what positions they have; ambisonic ones only their number of channels.
[[nodiscard]] ChannelLayout from_av(const AVChannelLayout& layout) noexcept;
/// Native order, or unspecified: nothing to free.
[[nodiscard]] AVChannelLayout to_av(const ChannelLayout& layout) noexcept;
[[nodiscard]] constexpr Rational from_av(AVRational value) noexcept { return {value.num, value.den}; }
[[nodiscard]] constexpr AVRational to_av(Rational value) noexcept { return {value.num, value.den}; }
[[nodiscard]] Colour colour_of(const AVFrame& frame) noexcept;
void set_colour(AVFrame& frame, const Colour& colour) noexcept;
[[nodiscard]] MediaType from_av(AVMediaType type) noexcept;

// --- streams

using Metadata = std::map<std::string, std::string>;

/// All that is known of a stream, beyond what PacketFormat says. PacketFormat::parameters points to one. Immutable once
/// shared.
struct StreamParameters {
    struct SideData {
        AVPacketSideDataType type;
        std::vector<std::uint8_t> bytes;
    };
    ParametersPtr codec;             ///< never null
    std::vector<SideData> side_data; ///< of the stream: display matrix, mastering display
    Rational sample_aspect{0, 1};
    Metadata metadata;                             ///< the stream's: language, title
    std::shared_ptr<const Metadata> file_metadata; ///< the file's; may be null
    int disposition = 0;
    int priming = 0;            ///< samples an encoder put before the sound, which decoders throw away
    bool headers_apart = false; ///< key frames do not repeat what the extradata says
    TimeShift shift;            ///< from the file's times to the pipeline's time line
};

/// A format whose plain members are filled from `stream`.
[[nodiscard]] std::shared_ptr<const PacketFormat> make_format(StreamParameters stream, Rational time_base, Rational frame_rate);
/// The full record, or null if the format was made by others.
[[nodiscard]] const StreamParameters* stream_of(const PacketFormat& format) noexcept;
/// The codec's parameters, made from the plain members if there is no record. Throws AvError for unknown codecs.
[[nodiscard]] ParametersPtr codec_parameters(const PacketFormat& format);
[[nodiscard]] StreamParameters copy(const StreamParameters& stream);
[[nodiscard]] ParametersPtr copy(const AVCodecParameters& parameters);

// --- packets

/// Takes the packet over: bytes and side data stay where they are. Times are in the format's time base.
[[nodiscard]] Packet from_av(PacketPtr packet, std::shared_ptr<const PacketFormat> format);
/// The packet a handle was made from, with its side data; null if its bytes came from elsewhere.
[[nodiscard]] const AVPacket* packet_of(const Packet& packet) noexcept;
/// Makes `into` a reference to the packet, with the handle's times; copies the bytes only if they came from elsewhere.
void to_av(const Packet& packet, AVPacket& into);

// --- frames

/// A frame whose pts cannot be meant as it is, and what FFmpeg takes it for: files whose pts are the dts.
struct PtsGuess {
    std::int64_t pts = no_time;
    std::int64_t meant = no_time;
};

/// What came with a decoded frame besides picture or sound: FFmpeg's side data, and the stream it is from.
class FrameExtras final : public SideData {
public:
    FrameExtras(std::shared_ptr<const PacketFormat> source, FramePtr carrier, PtsGuess guess = {}) noexcept
        : source_(std::move(source)), carrier_(std::move(carrier)), guess_(guess) {}
    [[nodiscard]] const std::shared_ptr<const PacketFormat>& source() const noexcept { return source_; } ///< may be null
    [[nodiscard]] const AVFrame* side_data() const noexcept {
        return carrier_.get();
    } ///< only its side data counts; may be null
    [[nodiscard]] const PtsGuess& guess() const noexcept { return guess_; }

private:
    std::shared_ptr<const PacketFormat> source_;
    FramePtr carrier_;
    PtsGuess guess_;
};
[[nodiscard]] const FrameExtras* extras_of(const std::shared_ptr<const SideData>& side_data) noexcept;

/// An AVFrame that refers to the handle's memory, without a copy; read-only, and holds the handle until it is freed.
[[nodiscard]] FramePtr to_av(PooledFrame frame);
[[nodiscard]] FramePtr to_av(PooledSamples samples);
/// A handle to a decoded frame's memory, without a copy: counted against `memory`'s quota. The frame is left empty. Its pixel
/// format must have a name of ours.
[[nodiscard]] PooledFrame adopt_picture(AVFrame& frame, CodecMemory& memory);
[[nodiscard]] PooledSamples adopt_sound(AVFrame& frame, CodecMemory& memory);
/// The header as the frame has it, without side data; times in `time_base`.
[[nodiscard]] FrameHeader frame_header(const AVFrame& frame, Rational time_base) noexcept;
[[nodiscard]] SampleHeader sample_header(const AVFrame& frame, Rational time_base) noexcept;

} // namespace av
} // namespace weir
