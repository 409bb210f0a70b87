#pragma once
// How many pixels and bytes a part of a picture takes in each plane: layouts and crops use the same rule.
#include <weir/pools/pixel_format.hpp>

#include <cstddef>
#include <cstdint>

namespace weir::detail {

inline constexpr std::size_t palette_bytes = 1024;

/// The plane's own pixels in `width` pixels of luma, rounded up.
[[nodiscard]] std::uint32_t plane_width(const PixelFormatInfo& info, std::uint32_t plane, std::uint32_t width) noexcept;
/// The plane's rows in `height` rows of luma, rounded up.
[[nodiscard]] std::uint32_t plane_rows(const PixelFormatInfo& info, std::uint32_t plane, std::uint32_t height) noexcept;
/// The bytes of a row of `width` pixels of luma. Not for palettes.
[[nodiscard]] std::size_t row_bytes(const PixelFormatInfo& info, std::uint32_t plane, std::uint32_t width) noexcept;

} // namespace weir::detail
