#pragma once
// zimg's filter graph for one conversion of planar pictures.
#include "conversion.hpp"

#include <zimg.h>

#include <cstddef>
#include <memory>

namespace weir::detail {

/// How zimg sees a picture: whole chroma pixels, planes in the order Y U V A or R G B A.
struct ZimgPlane {
    std::uint32_t frame_plane = 0; ///< where the samples are in the frame
    std::uint32_t step = 1;        ///< samples from one to the next: 2 in interleaved chroma
    std::uint32_t first = 0;       ///< the first one's place
    bool chroma = false;
};
struct ZimgPicture {
    std::uint32_t planes = 0;         ///< 0: not a picture that zimg can read
    std::array<ZimgPlane, 4> plane{}; ///< zimg's index; the fourth is always alpha
    std::uint32_t width = 0;          ///< rounded up
    std::uint32_t height = 0;
    std::uint32_t bytes = 1;     ///< of a sample
    std::uint32_t depth = 8;     ///< as zimg sees it
    std::uint32_t high_bits = 0; ///< low bits of a sample that must be 0 (p010: 6)
};
[[nodiscard]] ZimgPicture zimg_picture(const VideoFormat& format) noexcept;

struct FreeZimgGraph {
    void operator()(zimg_filter_graph* graph) const noexcept { zimg_filter_graph_free(graph); }
};
using ZimgGraph = std::unique_ptr<zimg_filter_graph, FreeZimgGraph>;

/// nullptr if zimg refuses.
[[nodiscard]] ZimgGraph build_zimg_graph(const Conversion& conversion);

} // namespace weir::detail
