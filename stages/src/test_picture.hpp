#pragma once
// Draws what testsrc shows.
#include <weir/pools/pooled_frame.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::detail {

/// Draws pictures of one format; what it prepares for it, it keeps. Belongs to one thread at a time.
class TestPicture {
public:
    /// Planar YUV and grey.
    [[nodiscard]] static bool draws(PixelFormat format) noexcept;

    /// Allocates; throws std::invalid_argument for a format that it does not draw.
    explicit TestPicture(const VideoFormat& format);

    /// The picture number `number`, the `index`-th of its stream, into the only handle to a buffer of the format. Sets the
    /// header's colour and pixel aspect.
    void draw(PooledFrame& into, std::uint64_t index, std::uint32_t number) const;

    /// In 8 bits, as the format wants them: Y, U, V; alpha is always opaque.
    using Shade = std::array<double, 3>;
    struct Area {
        std::uint32_t x = 0;
        std::uint32_t y = 0;
        std::uint32_t width = 0;
        std::uint32_t height = 0;
    };

private:
    /// Rows that are copied from, shifted sideways: twice the width, so that any shift is one copy.
    struct Rows {
        std::vector<std::byte> bars;
        std::vector<std::byte> ramp;
    };
    /// The same as the planes' samples have it.
    using Samples = std::array<std::uint16_t, 3>;
    /// As many as the format has.
    using Planes = std::array<Plane, 4>;

    [[nodiscard]] Shade shade(double red, double green, double blue) const noexcept;
    [[nodiscard]] Samples samples(const Shade& shade) const noexcept;
    [[nodiscard]] double one_in_8_bits() const noexcept;
    [[nodiscard]] std::uint32_t columns(std::size_t plane) const noexcept;
    void make_rows(std::size_t plane);
    void store(std::vector<std::byte>& row, std::size_t at, double value) const;
    void fill(const Planes& into, const Area& area, const Samples& samples) const noexcept;
    void draw_background(const Planes& into, std::uint64_t index) const;
    void draw_digits(const Planes& into, std::uint32_t number) const;
    void draw_blocks(const Planes& into, std::uint32_t number) const;

    VideoFormat format_;
    const PixelFormatInfo* info_;
    Colour colour_;
    std::array<Rows, 4> rows_;
    Samples black_{};
    Samples white_{};
    Samples orange_{};
};

/// The blocks of the frame's number: block `index` of 24 in a picture of that size; empty if there is no room for them.
[[nodiscard]] TestPicture::Area number_block(std::uint32_t width, std::uint32_t height, std::uint32_t index) noexcept;
inline constexpr std::uint32_t number_blocks = 24;

} // namespace weir::detail
