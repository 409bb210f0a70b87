#include "conversion.hpp"

#include <weir/pools/errors.hpp>
#include <weir/pools/shared_pool.hpp>

#include "zimg_graph.hpp"

#include <vector>

namespace weir::detail {
namespace {

enum class Kind : std::uint8_t { yuv, grey, rgb };

Kind kind_of(PixelFormat format) noexcept {
    const PixelFormatInfo& info = describe(format);
    if (info.rgb || info.palette)
        return Kind::rgb;
    const bool packed_chroma = info.log2_chroma_w != 0;
    bool chroma = packed_chroma;
    for (const PlaneInfo& plane : info.plane)
        chroma = chroma || plane.chroma;
    return chroma ? Kind::yuv : Kind::grey;
}

bool subsampled(PixelFormat format) noexcept {
    const PixelFormatInfo& info = describe(format);
    return info.log2_chroma_w != 0 || info.log2_chroma_h != 0;
}

// 3 is reserved; constant luminance (10) is done as BT.2020's usual matrix, as in swscale; those above need to know the
// primaries; 0 in a YUV picture is a mistake.
std::uint8_t usable_matrix(std::uint8_t matrix) noexcept {
    switch (matrix) {
    case 1:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
    case 9: return matrix;
    case 10: return 9;
    default: return 6;
    }
}

/// The planar format that holds just what a packed one does; a planar one itself.
PixelFormat planar_sibling(PixelFormat format) noexcept {
    if (zimg_picture({16, 16, format}).planes != 0)
        return format;
    const PixelFormatInfo& info = describe(format);
    const bool deep = info.depth > 8;
    switch (kind_of(format)) {
    case Kind::rgb:
        if (info.alpha || info.palette)
            return deep ? PixelFormat::gbrap16 : PixelFormat::gbrap;
        return deep ? PixelFormat::gbrp16 : PixelFormat::gbrp;
    case Kind::grey:
        if (info.alpha) // there is no planar grey with alpha
            return deep ? PixelFormat::yuva444p16 : PixelFormat::yuva444p;
        return PixelFormat::gray8;
    case Kind::yuv: break;
    }
    return PixelFormat::yuv422p;
}

/// Several conversions one after the other, each but the last into a picture of its own.
class Chain final : public Converter {
public:
    void add(std::unique_ptr<Converter> step, const VideoFormat& result) {
        if (!steps_.empty())
            steps_.back().result = SharedFramePool(steps_.back().format, {.max_capacity = 1}).acquire();
        steps_.push_back({std::move(step), result, {}});
    }
    void convert(const PooledFrame& from, PooledFrame& to) override {
        const PooledFrame* source = &from;
        for (Step& step : steps_) {
            PooledFrame& target = step.result ? step.result : to;
            step.converter->convert(*source, target);
            source = &target;
        }
    }

private:
    struct Step {
        std::unique_ptr<Converter> converter;
        VideoFormat format;
        PooledFrame result; ///< empty in the last
    };
    std::vector<Step> steps_;
};

/// zimg computes, swscale only packs and unpacks. nullptr if one of them refuses.
std::unique_ptr<Converter> make_chain(const Conversion& c) {
    Conversion middle = c;
    middle.from.pixel_format = planar_sibling(c.from.pixel_format);
    middle.to.pixel_format = planar_sibling(c.to.pixel_format);
    auto chain = std::make_unique<Chain>();
    const auto add = [&chain](std::unique_ptr<Converter> step, const VideoFormat& result) {
        if (!step)
            return false;
        chain->add(std::move(step), result);
        return true;
    };
    const bool unpacks = middle.from != c.from;
    const bool packs = middle.to != c.to;
    if (unpacks && !add(make_sws_converter({c.from, middle.from, c.from_colour, c.from_colour, c.filter}), middle.from))
        return nullptr;
    if (!add(make_zimg_converter(middle), middle.to))
        return nullptr;
    if (packs && !add(make_sws_converter({middle.to, c.to, c.to_colour, c.to_colour, c.filter}), c.to))
        return nullptr;
    return chain;
}

} // namespace

Colour result_colour(PixelFormat from, const Colour& colour, PixelFormat to, ColourRange range, std::uint8_t matrix) noexcept {
    const Kind in = kind_of(from);
    const Kind out = kind_of(to);
    Colour result = colour;
    if (out == Kind::rgb)
        result.range = ColourRange::full;
    else if (range != ColourRange::unspecified)
        result.range = range;
    else if (in != out)
        result.range = out == Kind::grey ? ColourRange::full : ColourRange::limited;

    if (out == Kind::rgb)
        result.matrix = 0;
    else if (matrix != 2 && matrix != colour.matrix) // what cannot be computed is not claimed
        result.matrix = usable_matrix(matrix);
    else if (in == Kind::rgb)
        result.matrix = 6;

    if (!subsampled(to))
        result.chroma_location = 0;
    else if (!subsampled(from))
        result.chroma_location = 1;
    return result;
}

PlainColour plain_colour(PixelFormat format, const Colour& colour) noexcept {
    const Kind kind = kind_of(format);
    PlainColour plain;
    plain.full_range = kind == Kind::rgb || colour.range == ColourRange::full ||
                       (colour.range == ColourRange::unspecified && kind == Kind::grey);
    plain.matrix = kind == Kind::rgb ? std::uint8_t{0} : usable_matrix(colour.matrix);
    plain.chroma_location = subsampled(format) && colour.chroma_location >= 1 && colour.chroma_location <= 6
                                ? colour.chroma_location
                                : std::uint8_t{1};
    return plain;
}

bool same_meaning(PixelFormat format, const PlainColour& a, const PlainColour& b) noexcept {
    if (kind_of(format) == Kind::grey)
        return a.full_range == b.full_range;
    return a == b;
}

std::unique_ptr<Converter> make_converter(const Conversion& conversion) {
    const bool from_planar = planar_sibling(conversion.from.pixel_format) == conversion.from.pixel_format;
    const bool to_planar = planar_sibling(conversion.to.pixel_format) == conversion.to.pixel_format;
    const bool resized = conversion.from.width != conversion.to.width || conversion.from.height != conversion.to.height;
    const bool only_rgb =
        kind_of(conversion.from.pixel_format) == Kind::rgb && kind_of(conversion.to.pixel_format) == Kind::rgb;

    std::unique_ptr<Converter> converter;
    if (from_planar && to_planar)
        converter = make_zimg_converter(conversion);
    else if (from_planar || (only_rgb && resized)) // swscale computes packed results slowly, and RGB by way of YUV
        converter = make_chain(conversion);
    if (!converter)
        converter = make_sws_converter(conversion);
    if (!converter)
        converter = make_chain(conversion);
    if (!converter)
        throw FormatError("no conversion from " + to_string(conversion.from) + " to " + to_string(conversion.to));
    return converter;
}

} // namespace weir::detail
