#include <weir/stages/av.hpp>

#include "conversion.hpp"

#include <array>
#include <cstring>
#include <utility>

extern "C" {
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

namespace weir::detail {
namespace {

struct FreeSws {
    void operator()(SwsContext* context) const noexcept { sws_freeContext(context); }
};
using Sws = std::unique_ptr<SwsContext, FreeSws>;

int filter_flags(ScaleFilter filter) {
    switch (filter) {
    case ScaleFilter::bicubic: return SWS_BICUBIC;
    case ScaleFilter::bilinear: return SWS_BILINEAR;
    case ScaleFilter::lanczos: return SWS_LANCZOS;
    case ScaleFilter::point: return SWS_POINT;
    case ScaleFilter::spline36: return SWS_SPLINE;
    }
    return SWS_BICUBIC;
}

// swscale does not write pal8, but an 8-bit RGB format whose indices are one fixed palette's.
AVPixelFormat written_as(PixelFormat format) { return format == PixelFormat::pal8 ? AV_PIX_FMT_RGB8 : av::to_av(format); }

void fill_palette(std::byte* palette) {
    for (std::uint32_t i = 0; i < 256; ++i) {
        const std::uint32_t colour = 0xff000000u | (i >> 5) * 36u << 16 | (i >> 2 & 7u) * 36u << 8 | (i & 3u) * 85u;
        std::memcpy(palette + std::size_t{i} * 4, &colour, 4);
    }
}

// In 1/256 of a luma pixel, from the first one's centre; swscale looks at it where chroma is subsampled.
struct ChromaPosition {
    int horizontal;
    int vertical;
};
ChromaPosition chroma_position(std::uint8_t location) {
    const bool centred = location == 2 || location == 4 || location == 6;
    int vertical = 128;
    if (location == 3 || location == 4)
        vertical = 0;
    else if (location >= 5)
        vertical = 256;
    return {centred ? 128 : 0, vertical};
}

void set_chroma(SwsContext* context, const char* horizontal, const char* vertical, const VideoFormat& format,
                std::uint8_t location) {
    const PixelFormatInfo& info = describe(format.pixel_format);
    const ChromaPosition position = chroma_position(location);
    if (info.log2_chroma_w == 1)
        av_opt_set_int(context, horizontal, position.horizontal, 0);
    if (info.log2_chroma_h == 1)
        av_opt_set_int(context, vertical, position.vertical, 0);
}

Sws make_context(const Conversion& c) {
    const AVPixelFormat from = av::to_av(c.from.pixel_format);
    const AVPixelFormat to = written_as(c.to.pixel_format);
    if (from == AV_PIX_FMT_NONE || to == AV_PIX_FMT_NONE || !sws_isSupportedInput(from) || !sws_isSupportedOutput(to))
        return nullptr;
    Sws context(sws_alloc_context());
    if (!context)
        throw std::bad_alloc();
    const PixelFormatInfo& result = describe(c.to.pixel_format);
    int flags = filter_flags(c.filter) | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP | SWS_BITEXACT;
    if (result.rgb && result.depth >= 8) // for others it is not implemented, and swscale says so at length
        flags |= SWS_FULL_CHR_H_INT;
    const std::array<std::pair<const char*, std::int64_t>, 9> options{{{"srcw", c.from.width},
                                                                       {"srch", c.from.height},
                                                                       {"src_format", from},
                                                                       {"dstw", c.to.width},
                                                                       {"dsth", c.to.height},
                                                                       {"dst_format", to},
                                                                       {"src_range", c.from_colour.full_range},
                                                                       {"dst_range", c.to_colour.full_range},
                                                                       {"sws_flags", flags}}};
    for (const auto& [name, value] : options)
        av_opt_set_int(context.get(), name, value, 0);
    set_chroma(context.get(), "src_h_chr_pos", "src_v_chr_pos", c.from, c.from_colour.chroma_location);
    set_chroma(context.get(), "dst_h_chr_pos", "dst_v_chr_pos", c.to, c.to_colour.chroma_location);
    if (result.depth < 8) // its own choice is one that it then warns of
        av_opt_set(context.get(), "sws_dither", "bayer", 0);
    if (sws_init_context(context.get(), nullptr, nullptr) < 0)
        return nullptr;
    // For RGB the other side's matrix counts. Refused where neither is YUV: then it does not matter.
    const std::uint8_t from_matrix = c.from_colour.matrix ? c.from_colour.matrix : c.to_colour.matrix;
    const std::uint8_t to_matrix = c.to_colour.matrix ? c.to_colour.matrix : c.from_colour.matrix;
    static_cast<void>(sws_setColorspaceDetails(context.get(), sws_getCoefficients(from_matrix), c.from_colour.full_range,
                                               sws_getCoefficients(to_matrix), c.to_colour.full_range, 0, 1 << 16, 1 << 16));
    return context;
}

class SwsConverter final : public Converter {
public:
    SwsConverter(const Conversion& conversion, Sws context) noexcept : conversion_(conversion), context_(std::move(context)) {}

    void convert(const PooledFrame& from, PooledFrame& to) override {
        std::array<const std::uint8_t*, 4> source{};
        std::array<int, 4> source_stride{};
        for (std::uint32_t i = 0; i < from.planes(); ++i) {
            const ConstPlane plane = from.plane(i);
            source[i] = reinterpret_cast<const std::uint8_t*>(plane.data);
            source_stride[i] = static_cast<int>(plane.stride);
        }
        std::array<std::uint8_t*, 4> target{};
        std::array<int, 4> target_stride{};
        for (std::uint32_t i = 0; i < to.planes(); ++i) {
            const Plane plane = to.writable_plane(i);
            target[i] = reinterpret_cast<std::uint8_t*>(plane.data);
            target_stride[i] = static_cast<int>(plane.stride);
        }
        if (conversion_.to.pixel_format == PixelFormat::pal8) {
            fill_palette(to.writable_plane(1).data);
            target[1] = nullptr;
            target_stride[1] = 0;
        }
        av::check(sws_scale(context_.get(), source.data(), source_stride.data(), 0, static_cast<int>(conversion_.from.height),
                            target.data(), target_stride.data()),
                  "swscale");
    }

private:
    Conversion conversion_;
    Sws context_;
};

} // namespace

std::unique_ptr<Converter> make_sws_converter(const Conversion& conversion) {
    auto context = make_context(conversion);
    return context ? std::make_unique<SwsConverter>(conversion, std::move(context)) : nullptr;
}

} // namespace weir::detail
