#include "zimg_graph.hpp"

namespace weir::detail {
namespace {

std::uint32_t round_up(std::uint32_t value, std::uint32_t log2) noexcept {
    return ((value + (1u << log2) - 1) >> log2) << log2;
}

zimg_chroma_location_e location(std::uint8_t h273) noexcept {
    switch (h273) {
    case 2: return ZIMG_CHROMA_CENTER;
    case 3: return ZIMG_CHROMA_TOP_LEFT;
    case 4: return ZIMG_CHROMA_TOP;
    case 5: return ZIMG_CHROMA_BOTTOM_LEFT;
    case 6: return ZIMG_CHROMA_BOTTOM;
    default: return ZIMG_CHROMA_LEFT;
    }
}

zimg_image_format image_format(const VideoFormat& format, const PlainColour& colour) {
    const PixelFormatInfo& info = describe(format.pixel_format);
    const ZimgPicture picture = zimg_picture(format);
    zimg_image_format image;
    zimg_image_format_default(&image, ZIMG_API_VERSION);
    image.width = picture.width;
    image.height = picture.height;
    image.pixel_type = picture.bytes == 1 ? ZIMG_PIXEL_BYTE : ZIMG_PIXEL_WORD;
    image.depth = picture.depth;
    image.pixel_range = colour.full_range ? ZIMG_RANGE_FULL : ZIMG_RANGE_LIMITED;
    image.alpha = info.alpha ? ZIMG_ALPHA_STRAIGHT : ZIMG_ALPHA_NONE;
    if (info.rgb) {
        image.color_family = ZIMG_COLOR_RGB;
    } else if (picture.planes == 1) {
        image.color_family = ZIMG_COLOR_GREY;
    } else {
        image.color_family = ZIMG_COLOR_YUV;
        image.subsample_w = info.log2_chroma_w;
        image.subsample_h = info.log2_chroma_h;
        image.chroma_location = location(colour.chroma_location);
    }
    return image;
}

// zimg takes a matrix only where it has to compute with it.
void set_matrices(zimg_image_format& from, zimg_image_format& to, const Conversion& conversion) {
    const bool any_rgb = from.color_family == ZIMG_COLOR_RGB || to.color_family == ZIMG_COLOR_RGB;
    const bool both_yuv = from.color_family == ZIMG_COLOR_YUV && to.color_family == ZIMG_COLOR_YUV;
    if (any_rgb || (both_yuv && conversion.from_colour.matrix != conversion.to_colour.matrix)) {
        from.matrix_coefficients = static_cast<zimg_matrix_coefficients_e>(conversion.from_colour.matrix);
        to.matrix_coefficients = static_cast<zimg_matrix_coefficients_e>(conversion.to_colour.matrix);
    }
}

void set_filter(zimg_graph_builder_params& params, ScaleFilter filter) {
    switch (filter) {
    case ScaleFilter::bicubic: // FFmpeg's: sharper than zimg's own, softer than Catmull and Rom's
        params.resample_filter = ZIMG_RESIZE_BICUBIC;
        params.filter_param_a = 0.0;
        params.filter_param_b = 0.6;
        break;
    case ScaleFilter::bilinear: params.resample_filter = ZIMG_RESIZE_BILINEAR; break;
    case ScaleFilter::lanczos: params.resample_filter = ZIMG_RESIZE_LANCZOS; break;
    case ScaleFilter::point: params.resample_filter = ZIMG_RESIZE_POINT; break;
    case ScaleFilter::spline36: params.resample_filter = ZIMG_RESIZE_SPLINE36; break;
    }
    params.resample_filter_uv = params.resample_filter;
    params.filter_param_a_uv = params.filter_param_a;
    params.filter_param_b_uv = params.filter_param_b;
}

// Where sizes are rounded up to whole chroma pixels, the picture keeps its place: the added edge of the result lies beyond
// the edge of the source.
void set_region(zimg_image_format& from, const zimg_image_format& to, const Conversion& conversion) {
    const auto part = [](std::uint32_t visible, std::uint32_t padded, std::uint32_t wanted) {
        return static_cast<double>(visible) * static_cast<double>(padded) / static_cast<double>(wanted);
    };
    const double width = part(conversion.from.width, to.width, conversion.to.width);
    const double height = part(conversion.from.height, to.height, conversion.to.height);
    if (width == static_cast<double>(from.width) && height == static_cast<double>(from.height))
        return;
    from.active_region = {.left = 0, .top = 0, .width = width, .height = height};
}

} // namespace

ZimgPicture zimg_picture(const VideoFormat& format) noexcept {
    const PixelFormatInfo& info = describe(format.pixel_format);
    const bool semiplanar = info.planes == 2 && info.plane[1].chroma;
    const bool grey = info.planes == 1 && !info.rgb && !info.alpha && info.log2_chroma_w == 0 && info.depth >= 8;
    if (info.palette || info.planes == 0 || (!semiplanar && !grey && info.planes < 3))
        return {};

    ZimgPicture picture;
    picture.width = round_up(format.width, info.log2_chroma_w);
    picture.height = round_up(format.height, info.log2_chroma_h);
    picture.bytes = info.depth > 8 ? 2 : 1;
    picture.depth = info.depth;
    picture.planes = semiplanar ? 3 : info.planes;
    if (semiplanar) {
        const std::uint32_t v_first = format.pixel_format == PixelFormat::nv21 ? 1 : 0;
        picture.plane = {ZimgPlane{}, ZimgPlane{1, 2, v_first, true}, ZimgPlane{1, 2, 1 - v_first, true}};
        if (info.depth > 8) { // the bits are the upper ones of 16
            picture.depth = 16;
            picture.high_bits = 16u - info.depth;
        }
    } else if (info.rgb) { // planes are G B R A
        picture.plane = {ZimgPlane{2}, ZimgPlane{0}, ZimgPlane{1}, ZimgPlane{3}};
    } else {
        picture.plane = {ZimgPlane{}, ZimgPlane{1, 1, 0, true}, ZimgPlane{2, 1, 0, true}, ZimgPlane{3}};
    }
    return picture;
}

ZimgGraph build_zimg_graph(const Conversion& conversion) {
    zimg_image_format from = image_format(conversion.from, conversion.from_colour);
    zimg_image_format to = image_format(conversion.to, conversion.to_colour);
    set_matrices(from, to, conversion);
    set_region(from, to, conversion);
    zimg_graph_builder_params params;
    zimg_graph_builder_params_default(&params, ZIMG_API_VERSION);
    set_filter(params, conversion.filter);
    params.cpu_type = ZIMG_CPU_AUTO_64B; // the pools' alignment allows it, and it is a third faster
    const bool fewer_bits = describe(conversion.to.pixel_format).depth < describe(conversion.from.pixel_format).depth;
    params.dither_type = fewer_bits ? ZIMG_DITHER_ORDERED : ZIMG_DITHER_NONE;
    return ZimgGraph(zimg_filter_graph_build(&from, &to, &params));
}

} // namespace weir::detail
