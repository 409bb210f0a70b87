// Which sample format, rate and layout an encoder gets.
#include "audio_encoding.hpp"

#include <algorithm>
#include <cstdlib>

namespace weir::detail {
namespace {

AVSampleFormat nearest_samples(const AVCodec& codec, AVSampleFormat from) {
    if (!codec.sample_fmts)
        return from;
    const auto packed = [](AVSampleFormat format) { return av_get_packed_sample_fmt(format); };
    const auto is_float = [&](AVSampleFormat format) {
        return packed(format) == AV_SAMPLE_FMT_FLT || packed(format) == AV_SAMPLE_FMT_DBL;
    };
    // Less is better: the same, the same samples otherwise arranged, no loss with the fewest bytes, the most bytes.
    const auto distance = [&](AVSampleFormat format) {
        if (format == from)
            return -2;
        if (packed(format) == packed(from))
            return -1;
        const int more = av_get_bytes_per_sample(format) - av_get_bytes_per_sample(from);
        const bool loses = more < 0 || (is_float(from) && !is_float(format)) ||
                           (is_float(format) && packed(from) == AV_SAMPLE_FMT_S32 && packed(format) == AV_SAMPLE_FMT_FLT);
        return loses ? 100 - av_get_bytes_per_sample(format) : more;
    };
    AVSampleFormat best = codec.sample_fmts[0];
    for (const AVSampleFormat* one = codec.sample_fmts; *one != AV_SAMPLE_FMT_NONE; ++one)
        if (distance(*one) < distance(best))
            best = *one;
    return best;
}

int nearest_rate(const AVCodec& codec, int from) {
    if (!codec.supported_samplerates)
        return from;
    int above = 0;
    int most = 0;
    for (const int* one = codec.supported_samplerates; *one != 0; ++one) {
        if (*one >= from && (above == 0 || *one < above))
            above = *one;
        most = std::max(most, *one);
    }
    return above != 0 ? above : most;
}

ChannelLayout nearest_layout(const AVCodec& codec, const ChannelLayout& from) {
    ChannelLayout wanted = from;
    if (wanted.mask == 0) // positions nobody told are taken to be the usual ones
        wanted = ChannelLayout::of(from.channels);
    if (wanted.mask == 0) {
        AVChannelLayout usual{};
        av_channel_layout_default(&usual, static_cast<int>(from.channels));
        wanted = av::from_av(usual);
        av_channel_layout_uninit(&usual);
    }
    if (!codec.ch_layouts)
        return wanted;
    ChannelLayout best;
    // Less is better: the same channels elsewhere, then fewer, then more, as few of either as can be.
    const auto distance = [&](const ChannelLayout& layout) {
        const int more = static_cast<int>(layout.channels) - static_cast<int>(wanted.channels);
        return more <= 0 ? -more : 1000 + more;
    };
    for (const AVChannelLayout* one = codec.ch_layouts; one->nb_channels != 0; ++one) {
        const ChannelLayout layout = av::from_av(*one);
        if (layout == wanted)
            return wanted;
        if (best.channels == 0 || distance(layout) < distance(best))
            best = layout;
    }
    return best;
}

} // namespace

AudioFormat nearest_format(const AVCodec& codec, const AVCodecContext& context, const AudioFormat& from) {
    AudioFormat wish = from;
    if (context.sample_rate > 0)
        wish.sample_rate = static_cast<std::uint32_t>(context.sample_rate);
    if (context.ch_layout.nb_channels > 0)
        wish.layout = av::from_av(context.ch_layout);
    AudioFormat result;
    result.sample_format = av::from_av(nearest_samples(codec, av::to_av(wish.sample_format)));
    result.sample_rate = static_cast<std::uint32_t>(nearest_rate(codec, static_cast<int>(wish.sample_rate)));
    result.layout = nearest_layout(codec, wish.layout);
    return result;
}

} // namespace weir::detail
