#include <weir/pools/errors.hpp>
#include <weir/stages/scaler.hpp>

#include "conversion.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

extern "C" {
#include <libavutil/mathematics.h>
#include <libavutil/rational.h>
}

namespace weir {
namespace {

using detail::Conversion;

/// "1280x720", "-2x720", "1280:-1".
bool parse_size(ScaleOptions& into, std::string_view word) {
    const auto mark = word.find_first_of("x:");
    if (mark == std::string_view::npos || mark == 0)
        return false;
    const auto read = [](std::string_view text, int& value) {
        const char* const begin = text.data();
        const char* const end = begin + text.size();
        const auto [stopped, error] = std::from_chars(begin, end, value);
        return error == std::errc() && stopped == end;
    };
    return read(word.substr(0, mark), into.width) && read(word.substr(mark + 1), into.height);
}

/// The code points of H.273 by their usual names.
bool parse_matrix(ScaleOptions& into, std::string_view word) {
    constexpr std::array<std::pair<std::string_view, std::uint8_t>, 7> names{
        {{"bt709", 1}, {"input", 2}, {"fcc", 4}, {"bt601", 6}, {"smpte240m", 7}, {"ycgco", 8}, {"bt2020", 9}}};
    for (const auto& [name, code] : names)
        if (word == name) {
            into.matrix = code;
            return true;
        }
    return false;
}

/// One side by the other and the aspect ratio, to the nearest multiple of `divisor`, as FFmpeg's scale does.
std::int64_t by_aspect(std::int64_t other_wanted, std::int64_t side, std::int64_t other, std::int64_t divisor) {
    const std::int64_t units = av_rescale_rnd(other_wanted, side, other * divisor, AV_ROUND_NEAR_INF);
    return (units > 0 ? units : 1) * divisor;
}

VideoFormat wanted_format(const ScaleOptions& options, const VideoFormat& from) {
    std::int64_t width = options.width;
    std::int64_t height = options.height;
    if (width < 0 && height < 0)
        width = height = 0;
    if (width == 0)
        width = from.width;
    if (height == 0)
        height = from.height;
    if (width < 0)
        width = by_aspect(height, from.width, from.height, -width);
    else if (height < 0)
        height = by_aspect(width, from.height, from.width, -height);
    if (width > 32768 || height > 32768)
        throw FormatError("scaling " + to_string(from) + " would give " + std::to_string(width) + "x" + std::to_string(height) +
                          ": at most 32768 a side");
    return {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height),
            options.format == PixelFormat::none ? from.pixel_format : options.format};
}

/// The aspect of a pixel that keeps the picture's own.
Rational scaled_aspect(Rational aspect, const VideoFormat& from, const VideoFormat& to) {
    if (!aspect.valid() || (from.width == to.width && from.height == to.height))
        return aspect;
    AVRational size{};
    av_reduce(&size.num, &size.den, std::int64_t{to.height} * from.width, std::int64_t{to.width} * from.height,
              std::numeric_limits<int>::max());
    const AVRational result = av_mul_q({aspect.num, aspect.den}, size);
    return {result.num, result.den};
}

} // namespace

const OptionTable<ScaleOptions>& ScaleOptions::table() {
    static const auto table = [] {
        OptionTable<ScaleOptions> t;
        t.add_word(
             "size", &parse_size,
             {.help = "WIDTHxHEIGHT; -1 or -2 for one of them: by the aspect ratio (and even)", .unit = "px", .live = true})
            .add("width", &ScaleOptions::width,
                 {.help = "0: as the input; -n: by the aspect ratio, divisible by n",
                  .unit = "px",
                  .min = -64,
                  .max = 32768,
                  .live = true})
            .add("height", &ScaleOptions::height,
                 {.help = "0: as the input; -n: by the aspect ratio, divisible by n",
                  .unit = "px",
                  .min = -64,
                  .max = 32768,
                  .live = true})
            .add("format", &ScaleOptions::format,
                 {.help = "pixel format of the result; as the input if not given", .live = true})
            .add("filter", &ScaleOptions::filter,
                 {.help = "how pixels are interpolated",
                  .choices = {"bicubic", "bilinear", "lanczos", "point", "spline36"},
                  .live = true})
            .add("range", &ScaleOptions::range,
                 {.help = "range of the values of the result", .choices = {"input", "limited", "full"}, .live = true})
            .add_word("matrix", &parse_matrix,
                      {.help = "YUV matrix of the result: bt601, bt709, bt2020, fcc, smpte240m, ycgco or input", .live = true})
            .add("parallel", &ScaleOptions::parallel,
                 {.help = "frames scaled at once; auto: one for each worker that codecs leave over, at most 4",
                  .min = 1,
                  .max = 64});
        return t;
    }();
    return table;
}

struct Scaler::Impl {
    ScaleOptions options;
    VideoFormat from;
    VideoFormat output;
    Conversion conversion;
    std::unique_ptr<detail::Converter> converter; ///< of `conversion`; null for a mere copy

    [[nodiscard]] Conversion conversion_for(const PooledFrame& frame, const VideoFormat& to, const Colour& result) const {
        const VideoFormat format = frame.format();
        Conversion wanted{format, to, detail::plain_colour(format.pixel_format, frame.header().colour),
                          detail::plain_colour(to.pixel_format, result), options.filter};
        return wanted;
    }
    [[nodiscard]] static bool is_copy(const Conversion& c) {
        return c.from == c.to && detail::same_meaning(c.from.pixel_format, c.from_colour, c.to_colour);
    }
};

Scaler::Scaler(const ScaleOptions& options) : impl_(std::make_unique<Impl>()) { impl_->options = options; }
Scaler::~Scaler() = default;
Scaler::Scaler(Scaler&&) noexcept = default;
Scaler& Scaler::operator=(Scaler&&) noexcept = default;

void Scaler::prepare(const VideoFormat& from) {
    if (from == impl_->from)
        return;
    impl_->output = wanted_format(impl_->options, from);
    impl_->from = from;
}

VideoFormat Scaler::output_format() const noexcept { return impl_->output; }

Colour Scaler::output_colour(PixelFormat from, const Colour& colour, PixelFormat to) const noexcept {
    return detail::result_colour(from, colour, to, impl_->options.range, impl_->options.matrix);
}

bool Scaler::keeps_pixels(const PooledFrame& from, const VideoFormat& to) const noexcept {
    if (from.format() != to)
        return false;
    const Colour result = output_colour(to.pixel_format, from.header().colour, to.pixel_format);
    return Impl::is_copy(impl_->conversion_for(from, to, result));
}

void Scaler::convert(const PooledFrame& from, PooledFrame& to) {
    const VideoFormat format = to.format();
    const Colour result = output_colour(from.format().pixel_format, from.header().colour, format.pixel_format);
    const Conversion wanted = impl_->conversion_for(from, format, result);
    if (Impl::is_copy(wanted)) {
        copy_pixels(from, to);
    } else {
        if (!impl_->converter || impl_->conversion != wanted) {
            impl_->converter = detail::make_converter(wanted);
            impl_->conversion = wanted;
        }
        impl_->converter->convert(from, to);
    }
    const Crop crop = to.header().crop;
    to.header() = from.header();
    to.header().crop = crop;
    to.header().colour = result;
    to.header().sample_aspect = scaled_aspect(from.header().sample_aspect, wanted.from, wanted.to);
}

} // namespace weir
