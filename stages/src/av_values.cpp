// Pixel and sample formats, channel layouts, colours: ours and FFmpeg's.
#include <weir/stages/av.hpp>

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <array>
#include <bit>
#include <cstring>
#include <string>

namespace weir::av {
namespace {

constexpr std::size_t our_formats = static_cast<std::size_t>(PixelFormat::monoblack) + 1;

/// FFmpeg's formats by number, so that a frame's format is one look-up.
struct PixelFormats {
    std::array<PixelFormat, AV_PIX_FMT_NB> ours{};
    std::array<AVPixelFormat, our_formats> theirs{};

    PixelFormats() {
        theirs.fill(AV_PIX_FMT_NONE);
        for (const PixelFormat format : all_pixel_formats()) {
            const std::string name(to_string(format));
            AVPixelFormat found = av_get_pix_fmt(name.c_str()); // adds the machine's byte order itself
            if (found == AV_PIX_FMT_NONE)
                continue;
            theirs[static_cast<std::size_t>(format)] = found;
            ours[static_cast<std::size_t>(found)] = format;
        }
        const auto same = [this](AVPixelFormat full, PixelFormat format) { ours[static_cast<std::size_t>(full)] = format; };
        same(AV_PIX_FMT_YUVJ411P, PixelFormat::yuv411p);
        same(AV_PIX_FMT_YUVJ420P, PixelFormat::yuv420p);
        same(AV_PIX_FMT_YUVJ422P, PixelFormat::yuv422p);
        same(AV_PIX_FMT_YUVJ440P, PixelFormat::yuv440p);
        same(AV_PIX_FMT_YUVJ444P, PixelFormat::yuv444p);
    }
};

const PixelFormats& pixel_formats() {
    static const PixelFormats formats;
    return formats;
}

/// FFmpeg's order of the sample formats, in which ours differ only in place.
constexpr std::array sample_formats{SampleFormat::u8,   SampleFormat::s16,  SampleFormat::s32,  SampleFormat::flt,
                                    SampleFormat::dbl,  SampleFormat::u8p,  SampleFormat::s16p, SampleFormat::s32p,
                                    SampleFormat::fltp, SampleFormat::dblp, SampleFormat::s64,  SampleFormat::s64p};
static_assert(AV_SAMPLE_FMT_S64P == 11 && AV_SAMPLE_FMT_DBLP == 9 && AV_SAMPLE_FMT_U8P == 5);

} // namespace

PixelFormat from_av(AVPixelFormat format) noexcept {
    const auto index = static_cast<std::size_t>(format);
    const auto& known = pixel_formats().ours;
    return index < known.size() ? known[index] : PixelFormat::none;
}

AVPixelFormat to_av(PixelFormat format) noexcept {
    const auto index = static_cast<std::size_t>(format);
    return index < our_formats ? pixel_formats().theirs[index] : AV_PIX_FMT_NONE;
}

bool full_range(AVPixelFormat format) noexcept {
    return format == AV_PIX_FMT_YUVJ411P || format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVJ422P ||
           format == AV_PIX_FMT_YUVJ440P || format == AV_PIX_FMT_YUVJ444P;
}

SampleFormat from_av(AVSampleFormat format) noexcept {
    const auto index = static_cast<std::size_t>(format);
    return index < sample_formats.size() ? sample_formats[index] : SampleFormat::none;
}

AVSampleFormat to_av(SampleFormat format) noexcept {
    for (std::size_t i = 0; i < sample_formats.size(); ++i)
        if (sample_formats[i] == format)
            return static_cast<AVSampleFormat>(i);
    return AV_SAMPLE_FMT_NONE;
}

ChannelLayout from_av(const AVChannelLayout& layout) noexcept {
    ChannelLayout result{.channels = layout.nb_channels > 0 ? static_cast<std::uint32_t>(layout.nb_channels) : 0};
    if (layout.order == AV_CHANNEL_ORDER_NATIVE || layout.order == AV_CHANNEL_ORDER_CUSTOM)
        result.mask = av_channel_layout_subset(&layout, ~std::uint64_t{0});
    // A mask that leaves channels out (a custom order with doubles or unknown ones) says too little to be used.
    if (std::popcount(result.mask) != static_cast<int>(result.channels))
        result.mask = 0;
    return result;
}

AVChannelLayout to_av(const ChannelLayout& layout) noexcept {
    AVChannelLayout result{};
    if (layout.mask != 0 && av_channel_layout_from_mask(&result, layout.mask) >= 0)
        return result;
    result = {};
    result.order = AV_CHANNEL_ORDER_UNSPEC;
    result.nb_channels = static_cast<int>(layout.channels);
    return result;
}

namespace {

/// Files put any number where FFmpeg has an enumerator, which must not even be read as one then.
template <class E> std::uint8_t code_point(const E& enumerator, E count, E unspecified) noexcept {
    int number = 0;
    static_assert(sizeof number == sizeof enumerator);
    std::memcpy(&number, &enumerator, sizeof number);
    return static_cast<std::uint8_t>(number >= 0 && number < static_cast<int>(count) ? number : static_cast<int>(unspecified));
}

} // namespace

Colour colour_of(const AVFrame& frame) noexcept {
    Colour colour;
    const std::uint8_t range = code_point(frame.color_range, AVCOL_RANGE_NB, AVCOL_RANGE_UNSPECIFIED);
    if (range == AVCOL_RANGE_JPEG || full_range(static_cast<AVPixelFormat>(frame.format)))
        colour.range = ColourRange::full;
    else if (range == AVCOL_RANGE_MPEG)
        colour.range = ColourRange::limited;
    // Both sides use the code points of H.273, FFmpeg with some of its own above.
    colour.primaries = code_point(frame.color_primaries, AVCOL_PRI_NB, AVCOL_PRI_UNSPECIFIED);
    colour.transfer = code_point(frame.color_trc, AVCOL_TRC_NB, AVCOL_TRC_UNSPECIFIED);
    colour.matrix = code_point(frame.colorspace, AVCOL_SPC_NB, AVCOL_SPC_UNSPECIFIED);
    colour.chroma_location = code_point(frame.chroma_location, AVCHROMA_LOC_NB, AVCHROMA_LOC_UNSPECIFIED);
    return colour;
}

void set_colour(AVFrame& frame, const Colour& colour) noexcept {
    switch (colour.range) {
    case ColourRange::full: frame.color_range = AVCOL_RANGE_JPEG; break;
    case ColourRange::limited: frame.color_range = AVCOL_RANGE_MPEG; break;
    case ColourRange::unspecified: frame.color_range = AVCOL_RANGE_UNSPECIFIED; break;
    }
    frame.color_primaries = static_cast<AVColorPrimaries>(colour.primaries);
    frame.color_trc = static_cast<AVColorTransferCharacteristic>(colour.transfer);
    frame.colorspace = static_cast<AVColorSpace>(colour.matrix);
    frame.chroma_location = static_cast<AVChromaLocation>(colour.chroma_location);
}

MediaType from_av(AVMediaType type) noexcept {
    switch (type) {
    case AVMEDIA_TYPE_VIDEO: return MediaType::video;
    case AVMEDIA_TYPE_AUDIO: return MediaType::audio;
    case AVMEDIA_TYPE_SUBTITLE: return MediaType::subtitle;
    case AVMEDIA_TYPE_DATA: return MediaType::data;
    default: return MediaType::unknown;
    }
}

} // namespace weir::av
