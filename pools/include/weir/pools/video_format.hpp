#pragma once
// A picture's size, pixels and colour.
#include <weir/pools/pixel_format.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// Size in pixels and how they are stored. This, with alignment, is all a pool's memory depends on.
struct VideoFormat {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    PixelFormat pixel_format = PixelFormat::none;

    friend bool operator==(const VideoFormat&, const VideoFormat&) = default;
};

/// "1920x1080 yuv420p".
[[nodiscard]] std::string to_string(const VideoFormat& format);

/// Reads what `to_string` writes; empty if it is anything else.
[[nodiscard]] std::optional<VideoFormat> video_format(std::string_view text) noexcept;

enum class ColourRange : std::uint8_t { unspecified, limited, full };

/// What the numbers mean: code points of ITU-T H.273 (2 is "unspecified" in each). Belongs to frames, never to pools.
struct Colour {
    ColourRange range = ColourRange::unspecified;
    std::uint8_t primaries = 2;
    std::uint8_t transfer = 2;
    std::uint8_t matrix = 2;
    std::uint8_t chroma_location = 0; ///< 0 unspecified, 1 left, 2 centre, 3 top left, 4 top, 5 bottom left, 6 bottom

    friend bool operator==(const Colour&, const Colour&) = default;
};

[[nodiscard]] std::string to_string(const Colour& colour);

} // namespace weir

template <> struct std::hash<weir::VideoFormat> {
    std::size_t operator()(const weir::VideoFormat& f) const noexcept;
};
