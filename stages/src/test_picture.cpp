#include "test_picture.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace weir::detail {
namespace {

/// Rows of five pixels from the top, the leftmost in bit 4.
constexpr std::array<std::array<std::uint8_t, 7>, 10> digit_rows{{{0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e},
                                                                  {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e},
                                                                  {0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f},
                                                                  {0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e},
                                                                  {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02},
                                                                  {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e},
                                                                  {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e},
                                                                  {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08},
                                                                  {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e},
                                                                  {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c}}};
constexpr std::uint32_t digits_shown = 6;

/// Where something that bounces between 0 and `length` is after `way`.
std::uint32_t bounce(std::uint64_t way, std::uint32_t length) noexcept {
    if (length == 0)
        return 0;
    const std::uint64_t at = way % (std::uint64_t{2} * length);
    return static_cast<std::uint32_t>(at < length ? at : 2 * std::uint64_t{length} - at);
}

std::uint32_t shifted_up(std::uint32_t value, unsigned log2) noexcept { return (value + (1u << log2) - 1) >> log2; }

template <class Sample> void fill_plane(const Plane& plane, const TestPicture::Area& area, Sample value) noexcept {
    for (std::uint32_t y = area.y; y < area.y + area.height; ++y)
        std::fill_n(reinterpret_cast<Sample*>(plane.row(y)) + area.x, area.width, value);
}

} // namespace

TestPicture::Area number_block(std::uint32_t width, std::uint32_t height, std::uint32_t index) noexcept {
    if (width < number_blocks)
        return {};
    const auto left = static_cast<std::uint32_t>(std::uint64_t{width} * index / number_blocks);
    const auto right = static_cast<std::uint32_t>(std::uint64_t{width} * (index + 1) / number_blocks);
    return {left, 0, right - left, std::min(height, std::max(8u, height / 16))};
}

bool TestPicture::draws(PixelFormat format) noexcept {
    const PixelFormatInfo& info = describe(format);
    if (info.rgb || info.palette || info.depth < 8)
        return false;
    const bool grey = info.planes == 1 && info.log2_chroma_w == 0 && !info.alpha;
    return grey || info.planes >= 3;
}

TestPicture::TestPicture(const VideoFormat& format) : format_(format), info_(&describe(format.pixel_format)) {
    if (!draws(format.pixel_format))
        throw std::invalid_argument("cannot draw in " + to_string(format));
    const bool grey = info_->planes == 1;
    const std::uint8_t standard = format.height >= 720 ? 1 : 6; // BT.709, BT.601
    colour_ = {grey ? ColourRange::full : ColourRange::limited, standard, standard, standard, 0};
    if (info_->log2_chroma_w != 0 || info_->log2_chroma_h != 0)
        colour_.chroma_location = 1;
    for (std::size_t plane = 0; plane < info_->planes; ++plane)
        make_rows(plane);
    black_ = samples(shade(0, 0, 0));
    white_ = samples(shade(1, 1, 1));
    orange_ = samples(shade(1, 0.5, 0));
}

TestPicture::Shade TestPicture::shade(double red, double green, double blue) const noexcept {
    const bool hd = colour_.matrix == 1;
    const double kr = hd ? 0.2126 : 0.299;
    const double kb = hd ? 0.0722 : 0.114;
    const double luma = kr * red + (1 - kr - kb) * green + kb * blue;
    if (colour_.range == ColourRange::full)
        return {255 * luma, 128, 128};
    return {16 + 219 * luma, 128 + 112 * (blue - luma) / (1 - kb), 128 + 112 * (red - luma) / (1 - kr)};
}

double TestPicture::one_in_8_bits() const noexcept { return std::ldexp(1.0, info_->depth - 8); }

TestPicture::Samples TestPicture::samples(const Shade& shade) const noexcept {
    Samples samples{};
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = static_cast<std::uint16_t>(std::lround(shade[i] * one_in_8_bits()));
    return samples;
}

std::uint32_t TestPicture::columns(std::size_t plane) const noexcept {
    return info_->plane.at(plane).chroma ? shifted_up(format_.width, info_->log2_chroma_w) : format_.width;
}

void TestPicture::store(std::vector<std::byte>& row, std::size_t at, double value) const {
    const long scaled = std::lround(value * one_in_8_bits());
    if (info_->depth > 8) {
        const auto sample = static_cast<std::uint16_t>(scaled);
        std::memcpy(&row.at(at * 2), &sample, sizeof sample);
    } else {
        row.at(at) = static_cast<std::byte>(scaled);
    }
}

void TestPicture::make_rows(std::size_t plane) {
    const std::uint32_t width = columns(plane);
    const std::size_t bytes = std::size_t{width} * 2 * (info_->depth > 8 ? 2 : 1);
    Rows& rows = rows_.at(plane);
    rows.bars.resize(bytes);
    rows.ramp.resize(bytes);
    const double opaque = std::ldexp(1.0, info_->depth) - 1; // not 255 in more bits
    for (std::size_t x = 0; x < std::size_t{width} * 2; ++x) {
        const std::size_t column = x % width;
        if (plane == 3) {
            store(rows.bars, x, std::ldexp(opaque, 8 - info_->depth));
            store(rows.ramp, x, std::ldexp(opaque, 8 - info_->depth));
            continue;
        }
        // white, yellow, cyan, green, magenta, red, blue, black
        const auto bar = static_cast<unsigned>(column * 8 / width);
        const double level = 0.75;
        store(rows.bars, x, shade(bar & 2 ? 0 : level, bar & 4 ? 0 : level, bar & 1 ? 0 : level).at(plane));
        const double grey = static_cast<double>(column) / width;
        store(rows.ramp, x, shade(grey, grey, grey).at(plane));
    }
}

void TestPicture::draw_background(const Planes& into, std::uint64_t index) const {
    const std::uint32_t edge = format_.height - format_.height / 4;
    const auto shift = static_cast<std::uint32_t>(index * 4 % format_.width);
    for (std::uint32_t i = 0; i < info_->planes; ++i) {
        const Plane& plane = into.at(i);
        const Rows& rows = rows_.at(i);
        const unsigned log2_w = info_->plane.at(i).chroma ? info_->log2_chroma_w : 0u;
        const unsigned log2_h = info_->plane.at(i).chroma ? info_->log2_chroma_h : 0u;
        const std::size_t sample = info_->depth > 8 ? 2 : 1;
        const std::size_t right = (shift >> log2_w) * sample;
        const std::size_t left = plane.row_bytes - right;
        for (std::uint32_t y = 0; y < plane.rows; ++y) {
            if (y < edge >> log2_h)
                std::memcpy(plane.row(y), rows.bars.data() + right, plane.row_bytes);
            else
                std::memcpy(plane.row(y), rows.ramp.data() + left, plane.row_bytes);
        }
    }
}

void TestPicture::fill(const Planes& into, const Area& area, const Samples& samples) const noexcept {
    for (std::size_t i = 0; i < std::min<std::size_t>(info_->planes, samples.size()); ++i) {
        const unsigned log2_w = info_->plane[i].chroma ? info_->log2_chroma_w : 0u;
        const unsigned log2_h = info_->plane[i].chroma ? info_->log2_chroma_h : 0u;
        Area part{area.x >> log2_w, area.y >> log2_h, 0, 0};
        part.width = shifted_up(area.x + area.width, log2_w) - part.x;
        part.height = shifted_up(area.y + area.height, log2_h) - part.y;
        if (info_->depth > 8)
            fill_plane(into[i], part, samples[i]);
        else
            fill_plane(into[i], part, static_cast<std::uint8_t>(samples[i]));
    }
}

void TestPicture::draw_digits(const Planes& into, std::uint32_t number) const {
    // A sixth of the height, if that is not too wide: six digits of 5 pixels with 1 between and 2 around them.
    constexpr std::uint32_t columns = digits_shown * 6 + 3;
    constexpr std::uint32_t lines = 7 + 4;
    const std::uint32_t dot = std::min(format_.height / 42, format_.width / columns);
    if (dot == 0)
        return;
    const std::uint32_t left = (format_.width - columns * dot) / 2 & ~1u; // even: chroma does not bleed
    const std::uint32_t top = (format_.height - lines * dot) / 2 & ~1u;
    fill(into, {left, top, columns * dot, lines * dot}, black_);
    std::uint32_t rest = number;
    for (std::uint32_t place = digits_shown; place-- > 0; rest /= 10) {
        for (std::uint32_t row = 0; row < 7; ++row)
            for (std::uint32_t column = 0; column < 5; ++column)
                if (digit_rows[rest % 10][row] >> (4 - column) & 1)
                    fill(into, {left + (2 + place * 6 + column) * dot, top + (2 + row) * dot, dot, dot}, white_);
    }
}

void TestPicture::draw_blocks(const Planes& into, std::uint32_t number) const {
    if (format_.width < number_blocks)
        return;
    for (std::uint32_t i = 0; i < number_blocks; ++i) {
        const bool white = number >> (number_blocks - 1 - i) & 1;
        fill(into, number_block(format_.width, format_.height, i), white ? white_ : black_);
    }
}

void TestPicture::draw(PooledFrame& into, std::uint64_t index, std::uint32_t number) const {
    Planes planes;
    for (std::uint32_t i = 0; i < into.planes(); ++i)
        planes.at(i) = into.writable_plane(i);
    draw_background(planes, index);
    const std::uint32_t side = std::min(format_.width, format_.height) / 8;
    if (side > 0)
        fill(planes, {bounce(index * 6, format_.width - side), bounce(index * 4, format_.height - side), side, side}, orange_);
    draw_digits(planes, number);
    draw_blocks(planes, number);
    into.header().colour = colour_;
    into.header().sample_aspect = {1, 1};
}

} // namespace weir::detail
