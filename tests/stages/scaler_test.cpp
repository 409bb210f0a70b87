#include <weir/pools/errors.hpp>
#include <weir/stages/scaler.hpp>

#include "support/pictures.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace support;

namespace {

/// FFmpeg's bicubic: b = 0, c = 0.6.
double bicubic(double x) {
    constexpr double c = 0.6;
    x = std::abs(x);
    if (x < 1)
        return ((2 - c) * x - (3 - c)) * x * x + 1;
    if (x < 2)
        return c * (((-x + 5) * x - 8) * x + 4);
    return 0;
}

/// One line of a scaled plane. `offset` is where the first sample lies, in samples from the middle of its place.
std::vector<double> scale_line(const std::vector<double>& from, std::size_t size, double offset) {
    const double ratio = static_cast<double>(from.size()) / static_cast<double>(size);
    const double wide = std::max(ratio, 1.0);
    std::vector<double> to(size);
    for (std::size_t i = 0; i < size; ++i) {
        const double at = (static_cast<double>(i) + 0.5 + offset) * ratio - 0.5 - offset;
        double sum = 0;
        double weights = 0;
        for (auto k = static_cast<int>(std::floor(at - 2 * wide)); k <= static_cast<int>(std::ceil(at + 2 * wide)); ++k) {
            const double weight = bicubic((k - at) / wide);
            const int size_in = static_cast<int>(from.size());
            const int mirrored = k < 0 ? -1 - k : k >= size_in ? 2 * size_in - 1 - k : k;
            sum += weight * from[static_cast<std::size_t>(std::clamp(mirrored, 0, size_in - 1))];
            weights += weight;
        }
        to[i] = sum / weights;
    }
    return to;
}

/// What a plane should become, in plain double arithmetic.
std::vector<std::vector<double>> reference(const PooledFrame& from, std::uint32_t plane, std::uint32_t width,
                                           std::uint32_t height, double offset) {
    std::vector<std::vector<double>> rows;
    for (std::uint32_t y = 0; y < from.plane(plane).rows; ++y) {
        std::vector<double> row;
        for (std::uint32_t x = 0; x < samples_a_row(from, plane); ++x)
            row.push_back(sample(from, plane, x, y));
        rows.push_back(scale_line(row, width, offset));
    }
    std::vector<std::vector<double>> result(height, std::vector<double>(width));
    for (std::uint32_t x = 0; x < width; ++x) {
        std::vector<double> column;
        for (const auto& row : rows)
            column.push_back(row[x]);
        const auto scaled = scale_line(column, height, 0);
        for (std::uint32_t y = 0; y < height; ++y)
            result[y][x] = scaled[y];
    }
    return result;
}

double worst_difference(const PooledFrame& from, const PooledFrame& to) {
    const PixelFormatInfo& info = describe(to.format().pixel_format);
    double worst = 0;
    for (std::uint32_t plane = 0; plane < to.planes(); ++plane) {
        // left-sited chroma: a quarter of a chroma pixel left of the middle
        const double offset = info.plane.at(plane).chroma && info.log2_chroma_w == 1 ? -0.25 : 0;
        const auto wanted = reference(from, plane, samples_a_row(to, plane), to.plane(plane).rows, offset);
        for (std::uint32_t y = 0; y < to.plane(plane).rows; ++y)
            for (std::uint32_t x = 0; x < samples_a_row(to, plane); ++x)
                worst = std::max(worst, std::abs(sample(to, plane, x, y) - wanted[y][x]));
    }
    return worst;
}

PooledFrame converted(const PooledFrame& from, const VideoFormat& format, const ScaleOptions& options = {}) {
    PooledFrame to = lone_frame(format);
    Scaler(options).convert(from, to);
    return to;
}

/// What H.273 says of one pixel, all in 8 bits.
std::array<double, 3> rgb_of(std::array<double, 3> yuv, double kr, double kb, bool full) {
    const double y = full ? yuv[0] / 255 : (yuv[0] - 16) / 219;
    const double u = full ? (yuv[1] - 128) / 255 : (yuv[1] - 128) / 224;
    const double v = full ? (yuv[2] - 128) / 255 : (yuv[2] - 128) / 224;
    const double r = y + 2 * (1 - kr) * v;
    const double b = y + 2 * (1 - kb) * u;
    const double g = (y - kr * r - kb * b) / (1 - kr - kb);
    return {std::clamp(r * 255, 0.0, 255.0), std::clamp(g * 255, 0.0, 255.0), std::clamp(b * 255, 0.0, 255.0)};
}

} // namespace

TEST_CASE("a planar picture is scaled as plain bicubic arithmetic says", "[stages][scaler]") {
    const auto format = GENERATE(PixelFormat::yuv420p, PixelFormat::yuv422p, PixelFormat::yuv444p, PixelFormat::yuv420p10,
                                 PixelFormat::yuv444p16, PixelFormat::gray8, PixelFormat::gray16, PixelFormat::gbrp,
                                 PixelFormat::gbrp12, PixelFormat::yuva420p, PixelFormat::gbrap);
    const auto [width, height] = GENERATE(std::pair(96u, 54u), std::pair(240u, 134u));
    CAPTURE(to_string(format), width, height);
    PooledFrame from = lone_frame({160, 90, format});
    fill_smooth(from);
    const PooledFrame to = converted(from, {width, height, format});
    // rounding, and 14-bit coefficients
    CHECK(worst_difference(from, to) <= 1.0 + std::ldexp(1.0, describe(format).depth - 12));
}

TEST_CASE("sizes that are no multiple of the chroma's are scaled as exactly", "[stages][scaler]") {
    const auto format = GENERATE(PixelFormat::yuv420p, PixelFormat::yuva420p10);
    const auto [fw, fh, tw, th] =
        GENERATE(std::tuple(161u, 91u, 97u, 55u), std::tuple(160u, 90u, 321u, 241u), std::tuple(97u, 55u, 160u, 90u));
    CAPTURE(to_string(format), fw, fh, tw, th);
    PooledFrame from = lone_frame({fw, fh, format});
    fill_smooth(from);
    const PooledFrame to = converted(from, {tw, th, format});
    // Luma and alpha; chroma's odd last column covers more than the picture, so that its scale is another.
    for (const std::uint32_t plane : {0u, from.planes() - 1}) {
        if (describe(format).plane.at(plane).chroma)
            continue;
        const auto wanted = reference(from, plane, tw, th, 0);
        double worst = 0;
        for (std::uint32_t y = 0; y < th; ++y)
            for (std::uint32_t x = 0; x < tw; ++x)
                worst = std::max(worst, std::abs(sample(to, plane, x, y) - wanted[y][x]));
        CHECK(worst <= 1.6);
    }
}

TEST_CASE("a plain picture stays plain to the last pixel in every format and odd size", "[stages][scaler]") {
    const auto [fw, fh, tw, th] =
        GENERATE(std::tuple(33u, 17u, 21u, 35u), std::tuple(16u, 16u, 1u, 1u), std::tuple(1u, 1u, 7u, 5u),
                 std::tuple(2u, 2u, 3u, 64u), std::tuple(64u, 3u, 2u, 2u));
    for (const PixelFormat format : all_pixel_formats()) {
        if (format == PixelFormat::monowhite || format == PixelFormat::monoblack || format == PixelFormat::pal8)
            continue; // dithered
        CAPTURE(to_string(format), fw, fh, tw, th);
        PooledFrame grey = lone_frame({fw, fh, PixelFormat::gray8});
        fill(grey, [](auto...) { return 130.0 / 255; });
        const PooledFrame there = converted(grey, {tw, th, format});
        const PooledFrame back = converted(there, {fw, fh, PixelFormat::gray8});
        const int tolerance = describe(format).depth < 8 ? 8 : 2;
        int worst = 0;
        for (std::uint32_t y = 0; y < fh; ++y)
            for (std::uint32_t x = 0; x < fw; ++x)
                worst = std::max(worst, std::abs(static_cast<int>(sample(back, 0, x, y)) - 130));
        CHECK(worst <= tolerance);
    }
}

TEST_CASE("every named format takes a picture and gives it back", "[stages][scaler]") {
    PooledFrame from = lone_frame({64, 48, PixelFormat::yuv444p});
    fill(from, [](std::uint32_t plane, std::uint32_t x, std::uint32_t y) { // colours that RGB has
        return plane == 0 ? 0.3 + 0.006 * x : 0.5 + 0.05 * std::sin(0.1 * (x + y) + plane);
    });
    for (const PixelFormat format : all_pixel_formats()) {
        const PixelFormatInfo& info = describe(format);
        const bool coarse = info.depth < 8 || info.palette;
        CAPTURE(to_string(format));
        const PooledFrame back = converted(converted(from, {64, 48, format}), {64, 48, PixelFormat::yuv444p});
        const bool grey = back.header().colour.matrix == 2 && !info.rgb && !info.palette && info.planes < 3 &&
                          info.log2_chroma_w == 0 && !(info.planes == 2 && info.plane[1].chroma);
        if (grey) // no colour left
            continue;
        CHECK(psnr(from, back) > (coarse ? 20 : 38));
    }
}

TEST_CASE("interleaved chroma gives the same samples as planes apart", "[stages][scaler]") {
    struct Pair {
        PixelFormat semiplanar;
        PixelFormat planar;
        unsigned shift; // bits below the samples
    };
    const auto pair =
        GENERATE(Pair{PixelFormat::nv12, PixelFormat::yuv420p, 0}, Pair{PixelFormat::nv21, PixelFormat::yuv420p, 0},
                 Pair{PixelFormat::nv16, PixelFormat::yuv422p, 0}, Pair{PixelFormat::nv24, PixelFormat::yuv444p, 0},
                 Pair{PixelFormat::p010, PixelFormat::yuv420p10, 6}, Pair{PixelFormat::p210, PixelFormat::yuv422p10, 6},
                 Pair{PixelFormat::p016, PixelFormat::yuv420p16, 0});
    const auto [width, height] = GENERATE(std::pair(64u, 36u), std::pair(63u, 37u));
    CAPTURE(to_string(pair.semiplanar), width, height);
    PooledFrame planar = lone_frame({width, height, pair.planar});
    fill_smooth(planar);
    const PooledFrame semi = converted(planar, {width, height, pair.semiplanar});
    const std::uint32_t v_first = pair.semiplanar == PixelFormat::nv21 ? 1 : 0;
    bool same = true;
    for (std::uint32_t y = 0; y < height; ++y)
        for (std::uint32_t x = 0; x < width; ++x)
            same = same && sample(semi, 0, x, y) == sample(planar, 0, x, y) << pair.shift;
    for (std::uint32_t y = 0; y < planar.plane(1).rows; ++y)
        for (std::uint32_t x = 0; x < samples_a_row(planar, 1); ++x)
            for (std::uint32_t c = 0; c < 2; ++c)
                same = same && sample(semi, 1, 2 * x + (c ^ v_first), y) == sample(planar, 1 + c, x, y) << pair.shift;
    CHECK(same);
    // and read back: the same as if it had never been interleaved
    CHECK(packed(converted(semi, {width, height, pair.planar})) == packed(planar));
}

TEST_CASE("YUV becomes RGB, and RGB YUV, by the matrix and the range of the tags", "[stages][scaler][colour]") {
    struct Matrix {
        std::uint8_t code;
        double kr;
        double kb;
    };
    const auto matrix = GENERATE(Matrix{1, 0.2126, 0.0722}, Matrix{6, 0.299, 0.114}, Matrix{2, 0.299, 0.114},
                                 Matrix{9, 0.2627, 0.0593}, Matrix{7, 0.212, 0.087});
    const bool full = GENERATE(false, true);
    const auto rgb_format = GENERATE(PixelFormat::gbrp, PixelFormat::rgb24, PixelFormat::bgra);
    CAPTURE(int{matrix.code}, full, to_string(rgb_format));
    PooledFrame yuv = lone_frame({32, 32, PixelFormat::yuv444p});
    fill(yuv, [](std::uint32_t plane, std::uint32_t x, std::uint32_t y) {
        return plane == 0 ? 0.3 + 0.01 * x : plane == 1 ? 0.42 + 0.005 * y : 0.58 - 0.005 * x;
    });
    yuv.header().colour.matrix = matrix.code;
    yuv.header().colour.range = full ? ColourRange::full : ColourRange::unspecified;
    const PooledFrame rgb = converted(yuv, {32, 32, rgb_format});
    CHECK(rgb.header().colour.matrix == 0);
    CHECK(rgb.header().colour.range == ColourRange::full);
    double worst = 0;
    for (std::uint32_t y = 0; y < 32; ++y)
        for (std::uint32_t x = 0; x < 32; ++x) {
            const auto at = [&](std::uint32_t plane) { return static_cast<double>(sample(yuv, plane, x, y)); };
            const auto wanted = rgb_of({at(0), at(1), at(2)}, matrix.kr, matrix.kb, full);
            std::array<unsigned, 3> got{};
            if (rgb_format == PixelFormat::gbrp)
                got = {sample(rgb, 2, x, y), sample(rgb, 0, x, y), sample(rgb, 1, x, y)};
            else if (rgb_format == PixelFormat::rgb24)
                got = {sample(rgb, 0, 3 * x, y), sample(rgb, 0, 3 * x + 1, y), sample(rgb, 0, 3 * x + 2, y)};
            else
                got = {sample(rgb, 0, 4 * x + 2, y), sample(rgb, 0, 4 * x + 1, y), sample(rgb, 0, 4 * x, y)};
            for (std::size_t c = 0; c < 3; ++c)
                worst = std::max(worst, std::abs(got.at(c) - wanted.at(c)));
        }
    CHECK(worst <= 1.01);

    ScaleOptions back_options;
    back_options.matrix = matrix.code;
    back_options.range = full ? ColourRange::full : ColourRange::limited;
    const PooledFrame back = converted(rgb, {32, 32, PixelFormat::yuv444p}, back_options);
    CHECK(back.header().colour.matrix == (matrix.code == 2 ? 6 : matrix.code));
    CHECK(psnr(yuv, back) > 45);
}

TEST_CASE("a change of range or matrix alone is computed, a change of tags alone is not", "[stages][scaler][colour]") {
    PooledFrame from = lone_frame({64, 36, PixelFormat::yuv420p});
    fill(from,
         [](std::uint32_t plane, std::uint32_t x, auto) { return plane == 0 ? (16 + 219.0 * x / 63) / 255 : 128.0 / 255; });

    ScaleOptions full;
    full.range = ColourRange::full;
    CHECK_FALSE(Scaler(full).keeps_pixels(from, from.format()));
    const PooledFrame stretched = converted(from, from.format(), full);
    CHECK(stretched.header().colour.range == ColourRange::full);
    CHECK(sample(stretched, 0, 0, 0) == 0);
    CHECK(sample(stretched, 0, 63, 0) == 255);

    ScaleOptions limited; // which it is already
    limited.range = ColourRange::limited;
    CHECK(Scaler(limited).keeps_pixels(from, from.format()));

    ScaleOptions bt709;
    bt709.matrix = 1;
    CHECK_FALSE(Scaler(bt709).keeps_pixels(from, from.format()));
    CHECK(converted(from, from.format(), bt709).header().colour.matrix == 1);
    from.header().colour.matrix = 1;
    CHECK(Scaler(bt709).keeps_pixels(from, from.format()));
}

TEST_CASE("grey is full range unless its tag says otherwise", "[stages][scaler][colour]") {
    PooledFrame grey = lone_frame({16, 16, PixelFormat::gray8});
    fill(grey, [](std::uint32_t, std::uint32_t x, auto) { return x < 8 ? 0.0 : 1.0; });
    const PooledFrame yuv = converted(grey, {16, 16, PixelFormat::yuv420p});
    CHECK(yuv.header().colour.range == ColourRange::limited);
    CHECK(sample(yuv, 0, 0, 0) == 16);
    CHECK(sample(yuv, 0, 15, 0) == 235);
    const PooledFrame back = converted(yuv, {16, 16, PixelFormat::gray8});
    CHECK(packed(back) == packed(grey));
    grey.header().colour.range = ColourRange::limited;
    CHECK(sample(converted(grey, {16, 16, PixelFormat::yuv420p}), 0, 15, 0) == 255);
}

TEST_CASE("a view into a larger picture is scaled as a picture of its own", "[stages][scaler]") {
    const auto format = GENERATE(PixelFormat::yuv420p, PixelFormat::nv12, PixelFormat::yuv420p10, PixelFormat::rgb24);
    CAPTURE(to_string(format));
    PooledFrame whole = lone_frame({200, 100, PixelFormat::yuv444p});
    fill_smooth(whole);
    const PooledFrame large = converted(whole, {200, 100, format});
    const PooledFrame view = large.view({34, 22, 96, 54});
    PooledFrame copy = lone_frame({96, 54, format});
    copy_pixels(view, copy);
    CHECK(packed(converted(view, {64, 48, format})) == packed(converted(copy, {64, 48, format})));
}

TEST_CASE("alpha is kept, and opaque where there was none", "[stages][scaler]") {
    PooledFrame with = lone_frame({32, 32, PixelFormat::yuva420p});
    fill(with, [](std::uint32_t plane, std::uint32_t x, auto) { return plane == 3 ? x / 31.0 : 0.5; });
    const PooledFrame rgba = converted(with, {32, 32, PixelFormat::rgba});
    CHECK(sample(rgba, 0, 3, 0) == 0);
    CHECK(sample(rgba, 0, 31 * 4 + 3, 31) == 255);

    PooledFrame without = lone_frame({32, 32, PixelFormat::yuv420p});
    fill_smooth(without);
    for (const PixelFormat format : {PixelFormat::yuva420p, PixelFormat::yuva444p10, PixelFormat::gbrap}) {
        const PooledFrame made = converted(without, {16, 16, format});
        CHECK(sample(made, 3, 0, 0) == (1u << describe(format).depth) - 1);
    }
    const PooledFrame bgra = converted(without, {16, 16, PixelFormat::bgra});
    CHECK(sample(bgra, 0, 3, 0) == 255);
}

TEST_CASE("the header comes along, with the pixel's aspect fitted to the new size", "[stages][scaler]") {
    PooledFrame from = lone_frame({720, 576, PixelFormat::yuv420p});
    fill_smooth(from);
    from.header().pts = 4711;
    from.header().duration = 40;
    from.header().time_base = {1, 1000};
    from.header().sample_aspect = {16, 15};
    from.header().key = true;
    const PooledFrame to = converted(from, {768, 576, PixelFormat::yuv420p});
    CHECK(to.header().pts == 4711);
    CHECK(to.header().duration == 40);
    CHECK(to.header().time_base == Rational{1, 1000});
    CHECK(to.header().sample_aspect == Rational{1, 1});
    CHECK(to.header().key);
    CHECK(to.format() == VideoFormat{768, 576, PixelFormat::yuv420p});
}

TEST_CASE("options name sizes as FFmpeg's scale does", "[stages][scaler][options]") {
    struct Case {
        std::string word;
        VideoFormat from;
        std::uint32_t width;
        std::uint32_t height;
    };
    const auto c = GENERATE(
        Case{"1280x720", {640, 480, PixelFormat::yuv420p}, 1280, 720},
        Case{"-1x360", {640, 481, PixelFormat::yuv420p}, 479, 360}, Case{"-2:360", {640, 481, PixelFormat::yuv420p}, 480, 360},
        Case{"320x-2", {640, 353, PixelFormat::yuv420p}, 320, 176}, Case{"-1x-1", {640, 353, PixelFormat::yuv420p}, 640, 353},
        Case{"0x100", {640, 353, PixelFormat::yuv420p}, 640, 100}, Case{"2x-2", {32768, 1, PixelFormat::gray8}, 2, 2});
    CAPTURE(c.word);
    ScaleOptions options;
    ScaleOptions::table().parse(options, {{"", c.word}});
    Scaler scaler(options);
    scaler.prepare(c.from);
    CHECK(scaler.output_format() == VideoFormat{c.width, c.height, c.from.pixel_format});
}

TEST_CASE("a size beyond what can be stored is refused", "[stages][scaler]") {
    ScaleOptions options;
    options.width = 32768;
    options.height = -1;
    Scaler scaler(options);
    CHECK_THROWS_AS(scaler.prepare({2, 1000, PixelFormat::gray8}), FormatError);
}
