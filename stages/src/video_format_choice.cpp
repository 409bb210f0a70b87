// Which pixel format and time base an encoder gets.
#include "video_encoding.hpp"

extern "C" {
#include <libavutil/mathematics.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>

namespace weir::detail {
namespace {

constexpr AVRational usual_rate{25, 1};

/// How the codec understands its time base.
enum class Clock {
    exact, ///< ticks, and frames lie where they lie
    rate,  ///< a frame's duration, for rate control; the times themselves go through as they are
    grid,  ///< a frame's duration, on whose multiples all frames lie
};

Clock clock_of(const AVCodec& codec) noexcept {
    switch (codec.id) {
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_MJPEG:
    case AV_CODEC_ID_H261:
    case AV_CODEC_ID_H263:
    case AV_CODEC_ID_H263P:
    case AV_CODEC_ID_FLV1:
    case AV_CODEC_ID_MSMPEG4V2:
    case AV_CODEC_ID_MSMPEG4V3:
    case AV_CODEC_ID_WMV1:
    case AV_CODEC_ID_WMV2:
    case AV_CODEC_ID_RV10:
    case AV_CODEC_ID_RV20:
    case AV_CODEC_ID_SNOW: return Clock::rate;
    case AV_CODEC_ID_MPEG4:
    case AV_CODEC_ID_THEORA: return Clock::grid;
    default: return Clock::exact;
    }
}

AVRational rate_of(const AVCodec& codec, const FrameHeader& first) {
    AVRational rate = av::to_av(first.frame_rate);
    if (!first.frame_rate.valid()) {
        rate = usual_rate;
        if (first.duration > 0 && first.time_base.valid())
            av_reduce(&rate.num, &rate.den, first.time_base.den, first.duration * first.time_base.num, 60000);
    }
    if (codec.supported_framerates)
        return codec.supported_framerates[av_find_nearest_q_idx(rate, codec.supported_framerates)];
    constexpr int most = 65535; // MPEG-4's limit; no rate that is in use is beyond it
    if (rate.num > most || rate.den > most)
        av_reduce(&rate.num, &rate.den, rate.num, rate.den, most);
    return rate;
}

} // namespace

EncoderTiming encoder_timing(const AVCodec& codec, const FrameHeader& first) {
    const AVRational frame = av_inv_q(rate_of(codec, first));
    const bool known = first.time_base.valid();
    switch (clock_of(codec)) {
    case Clock::exact:
        if (known)
            return {av::to_av(first.time_base), first.time_base};
        break;
    case Clock::rate:
        if (known)
            return {frame, first.time_base};
        break;
    case Clock::grid: break;
    }
    return {frame, av::from_av(frame)};
}

AVPixelFormat nearest_format(const AVCodec& codec, PixelFormat from) {
    const AVPixelFormat own = av::to_av(from);
    if (!codec.pix_fmts)
        return own;
    std::vector<AVPixelFormat> possible;
    AVPixelFormat full = AV_PIX_FMT_NONE;
    for (const AVPixelFormat* one = codec.pix_fmts; *one != AV_PIX_FMT_NONE; ++one) {
        if (*one == own)
            return own; // the range is told in the context
        if (av::full_range(*one) && av::from_av(*one) == from)
            full = *one;
        if (av::from_av(*one) != PixelFormat::none)
            possible.push_back(*one);
    }
    if (full != AV_PIX_FMT_NONE) // same memory, but only for full range: MJPEG
        return full;
    possible.push_back(AV_PIX_FMT_NONE);
    const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(own);
    const bool alpha = description && (description->flags & AV_PIX_FMT_FLAG_ALPHA);
    int loss = 0;
    return avcodec_find_best_pix_fmt_of_list(possible.data(), own, alpha, &loss);
}

} // namespace weir::detail
