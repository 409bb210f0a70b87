#pragma once
// One kind of picture conversion, and what its colours mean where the pictures do not say.
#include <weir/stages/scaler.hpp>

#include <memory>

namespace weir::detail {

/// A picture's colour without anything left unspecified.
struct PlainColour {
    bool full_range = false;
    std::uint8_t matrix = 6;          ///< 0 for RGB, else 1, 4, 5, 6, 7, 8 or 9
    std::uint8_t chroma_location = 1; ///< 1 to 6

    friend bool operator==(const PlainColour&, const PlainColour&) = default;
};

struct Conversion {
    VideoFormat from;
    VideoFormat to;
    PlainColour from_colour;
    PlainColour to_colour;
    ScaleFilter filter = ScaleFilter::bicubic;

    friend bool operator==(const Conversion&, const Conversion&) = default;
};

/// Something that does one conversion. Called by one thread at a time.
class Converter {
public:
    Converter() = default;
    Converter(const Converter&) = delete;
    Converter& operator=(const Converter&) = delete;
    virtual ~Converter() = default;
    /// Writes pixels only. Throws std::runtime_error.
    virtual void convert(const PooledFrame& from, PooledFrame& to) = 0;
};

/// nullptr if the formats are not planar, or zimg refuses.
[[nodiscard]] std::unique_ptr<Converter> make_zimg_converter(const Conversion& conversion);
/// nullptr if swscale has not both formats, or refuses.
[[nodiscard]] std::unique_ptr<Converter> make_sws_converter(const Conversion& conversion);
/// By whatever way there is. Throws FormatError.
[[nodiscard]] std::unique_ptr<Converter> make_converter(const Conversion& conversion);

/// The colour of the result when a picture of `from` becomes one of format `to`, as tags; the wishes may be unspecified.
[[nodiscard]] Colour result_colour(PixelFormat from, const Colour& colour, PixelFormat to, ColourRange range,
                                   std::uint8_t matrix) noexcept;
/// What the tags mean for a picture of that format.
[[nodiscard]] PlainColour plain_colour(PixelFormat format, const Colour& colour) noexcept;
/// True if pixels of one format mean the same with either colour.
[[nodiscard]] bool same_meaning(PixelFormat format, const PlainColour& a, const PlainColour& b) noexcept;

} // namespace weir::detail
