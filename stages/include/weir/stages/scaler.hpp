#pragma once
// Turns pictures into pictures of another size, pixel format or colour.
#include <weir/framework/options.hpp>
#include <weir/pools/pooled_frame.hpp>
#include <weir/stages/option_values.hpp>

#include <cstdint>
#include <memory>

namespace weir {

enum class ScaleFilter : std::uint8_t { bicubic, bilinear, lanczos, point, spline36 };

/// What a scaled picture should be like. What is not set stays as it is.
struct ScaleOptions {
    int width = 0;  ///< pixels; 0 as the input; -n: by the aspect ratio, divisible by n
    int height = 0; ///< the same
    PixelFormat format = PixelFormat::none;
    ScaleFilter filter = ScaleFilter::bicubic; ///< bicubic is FFmpeg's (b = 0, c = 0.6)
    ColourRange range = ColourRange::unspecified;
    std::uint8_t matrix = 2; ///< code point of H.273: 1 is BT.709, 6 is BT.601, 9 is BT.2020
    AutoCount parallel{};    ///< frames at once, for the stage; auto: a frame a worker, at most 4

    [[nodiscard]] static const OptionTable<ScaleOptions>& table();
};

/// Scales and converts by zimg; swscale packs and unpacks, and computes where the source is packed and that is faster. Belongs
/// to one thread at a time; make one for each picture under way. What it sets up for a pair of formats it keeps until the next
/// other pair.
///
/// Colour: an unspecified range is full for RGB and grey, else limited; an unspecified matrix is BT.601 where it matters
/// (as for swscale) and stays unspecified where it does not; unspecified chroma lies left. RGB is always full range. A result
/// in RGB is full range without a matrix; from RGB it becomes BT.601, limited, unless asked otherwise. Primaries and transfer
/// are never converted. Interlaced pictures are scaled as whole frames, as FFmpeg does unless told otherwise.
class Scaler {
public:
    explicit Scaler(const ScaleOptions& options = {});
    ~Scaler();
    Scaler(Scaler&&) noexcept;
    Scaler& operator=(Scaler&&) noexcept;

    /// Looks at the format of the pictures to come; does nothing unless it changed. Throws FormatError if the options make no
    /// size of it.
    void prepare(const VideoFormat& from);
    /// What the options make of the format last prepared.
    [[nodiscard]] VideoFormat output_format() const noexcept;

    /// The colour that `convert` gives a picture of format `to` made of one of format `from`.
    [[nodiscard]] Colour output_colour(PixelFormat from, const Colour& colour, PixelFormat to) const noexcept;
    /// True if `convert` to that format would leave every pixel as it is: only `output_colour` need be written.
    [[nodiscard]] bool keeps_pixels(const PooledFrame& from, const VideoFormat& to) const noexcept;

    /// Writes `from` into `to`, whatever its size and format, which must be its buffer's only handle; `to` gets the header of
    /// `from`, with its own crop, the output colour, and the pixel aspect that keeps the picture's. Allocates only when a
    /// format or colour changed. Throws FormatError if there is no way from the one format to the other.
    void convert(const PooledFrame& from, PooledFrame& to);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace weir
