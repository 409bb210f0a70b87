#pragma once
// From pictures as they come to an open video encoder.
#include <weir/framework/live_options.hpp>
#include <weir/framework/stage_context.hpp>
#include <weir/stages/encode.hpp>
#include <weir/stages/scaler.hpp>

#include "encoder.hpp"
#include "scratch_memory.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace weir::detail {

/// In which time bases an encoder works.
struct EncoderTiming {
    AVRational codec{0, 1}; ///< what the codec is told; some take it for the frame rate
    Rational stamps{0, 1};  ///< of the pts it is given
};
/// Exact wherever the codec allows.
[[nodiscard]] EncoderTiming encoder_timing(const AVCodec& codec, const FrameHeader& first);
/// The format of the codec that is nearest to `from`, or AV_PIX_FMT_NONE.
[[nodiscard]] AVPixelFormat nearest_format(const AVCodec& codec, PixelFormat from);

/// Opens encoders, converts what they cannot take, and gives them strictly increasing times. In the stage's body only, but for
/// `work` and `start`.
class VideoEncoding {
public:
    VideoEncoding(StageContext& context, const AVCodec& codec, const LiveOptions<EncodeOptions>& options);

    [[nodiscard]] bool threaded() const noexcept { return threads_ > 1; }
    [[nodiscard]] bool open() const noexcept { return encoder_ != nullptr; }
    [[nodiscard]] Encoder& encoder() noexcept { return *encoder_; }
    /// True if the open encoder was opened for another format.
    [[nodiscard]] bool is_change(const PooledFrame& frame) const noexcept;
    /// Opens an encoder for pictures like this. May take long.
    void start(const PooledFrame& first);
    /// Queues it.
    void add(PooledFrame frame);
    void finish() noexcept {}
    [[nodiscard]] EncodeOptions::OnChange on_change() const noexcept { return options_->on_change; }

private:
    /// What makes a picture another one for encoders.
    struct Look {
        VideoFormat format;
        Colour colour;
        Rational sample_aspect;
        friend bool operator==(const Look&, const Look&) = default;
    };
    [[nodiscard]] static Look look_of(const PooledFrame& frame) noexcept;
    void choose_target(const PooledFrame& first);
    [[nodiscard]] PooledFrame fit(PooledFrame frame);
    [[nodiscard]] PooledFrame convert(const PooledFrame& frame);
    [[nodiscard]] std::int64_t next_pts(const FrameHeader& header);
    void say_converted(const PooledFrame& frame);

    StageContext& context_;
    const AVCodec& codec_;
    LiveOptions<EncodeOptions>::Reader options_;
    unsigned threads_;
    ScratchMemory memory_;
    std::unique_ptr<Encoder> encoder_;

    Look first_{};         ///< as it came
    VideoFormat target_{}; ///< as the codec gets it
    AVPixelFormat target_format_ = AV_PIX_FMT_NONE;
    Colour target_colour_{};
    std::optional<Scaler> scaler_;
    EncoderTiming timing_{};
    std::int64_t frame_ticks_ = 1; ///< a frame's usual duration, in the stamps' time base
    std::int64_t last_pts_ = no_time;
    std::int64_t moved_ = 0; ///< added to the times since the clock went back, in the stamps' time base
    std::atomic<std::uint64_t>& converted_;
    std::atomic<std::uint64_t>& retimed_;
};

} // namespace weir::detail
