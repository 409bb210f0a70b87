#include "sws_bridge.hpp"

extern "C" {
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <vector>

namespace weir::detail {

void SwsBridge::Free::operator()(SwsContext* context) const noexcept { sws_freeContext(context); }

PixelFormat nearest_named(AVPixelFormat format) noexcept {
    static const std::vector<AVPixelFormat> named = [] {
        std::vector<AVPixelFormat> list;
        for (const PixelFormat one : all_pixel_formats())
            if (one != PixelFormat::pal8 && sws_isSupportedOutput(av::to_av(one)))
                list.push_back(av::to_av(one));
        list.push_back(AV_PIX_FMT_NONE);
        return list;
    }();
    if (!sws_isSupportedInput(format))
        return PixelFormat::none;
    // The same with its bytes the other way round loses nothing.
    if (const PixelFormat same = av::from_av(av_pix_fmt_swap_endianness(format)); same != PixelFormat::none)
        return same;
    const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(format);
    const bool alpha = description && (description->flags & AV_PIX_FMT_FLAG_ALPHA);
    int loss = 0;
    return av::from_av(avcodec_find_best_pix_fmt_of_list(named.data(), format, alpha, &loss));
}

void SwsBridge::convert(const AVFrame& from, PooledFrame& to) {
    const auto source = static_cast<AVPixelFormat>(from.format);
    context_.reset(sws_getCachedContext(
        context_.release(), from.width, from.height, source, from.width, from.height, av::to_av(to.format().pixel_format),
        SWS_POINT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP, nullptr, nullptr, nullptr));
    if (!context_)
        throw AvError("converting " + std::string(av_get_pix_fmt_name(source)), AVERROR(ENOSYS));
    const int* table = sws_getCoefficients(from.colorspace);
    const int range = from.color_range == AVCOL_RANGE_JPEG;
    sws_setColorspaceDetails(context_.get(), table, range, table, range, 0, 1 << 16, 1 << 16);
    std::uint8_t* planes[4] = {};
    int strides[4] = {};
    for (std::uint32_t i = 0; i < to.planes(); ++i) {
        const Plane plane = to.writable_plane(i);
        planes[i] = reinterpret_cast<std::uint8_t*>(plane.data);
        strides[i] = static_cast<int>(plane.stride);
    }
    av::check(sws_scale(context_.get(), from.data, from.linesize, 0, from.height, planes, strides), "converting a picture");
}

} // namespace weir::detail
