#pragma once
// Pictures and sounds for the tests of stages: made by rules, read sample by sample.
#include <weir/pools/shared_pool.hpp>

#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace support {

/// A frame of a pool of its own.
inline weir::PooledFrame lone_frame(const weir::VideoFormat& format) {
    return weir::SharedFramePool(format, {.max_capacity = 1}).acquire();
}

inline weir::PooledSamples lone_samples(const weir::AudioFormat& format, std::uint32_t count) {
    return weir::SharedSamplePool(format, count, {.max_capacity = 1}).acquire(format, count);
}

/// Sample (not byte) `x` of a row of a plane of 8-bit or 16-bit samples.
inline unsigned sample(const weir::PooledFrame& frame, std::uint32_t plane, std::uint32_t x, std::uint32_t y) {
    const auto* row = frame.plane(plane).row(y);
    if (weir::describe(frame.format().pixel_format).depth <= 8)
        return std::to_integer<unsigned>(row[x]);
    std::uint16_t value = 0;
    std::memcpy(&value, row + std::size_t{x} * 2, 2);
    return value;
}

inline void set_sample(weir::PooledFrame& frame, std::uint32_t plane, std::uint32_t x, std::uint32_t y, unsigned value) {
    auto* row = frame.writable_plane(plane).row(y);
    if (weir::describe(frame.format().pixel_format).depth <= 8) {
        row[x] = static_cast<std::byte>(value);
    } else {
        const auto wide = static_cast<std::uint16_t>(value);
        std::memcpy(row + std::size_t{x} * 2, &wide, 2);
    }
}

inline std::uint32_t samples_a_row(const weir::PooledFrame& frame, std::uint32_t plane) {
    const bool wide = weir::describe(frame.format().pixel_format).depth > 8;
    return static_cast<std::uint32_t>(frame.plane(plane).row_bytes / (wide ? 2 : 1));
}

/// Every sample by `value(plane, x, y)`, 0 to 1.
inline void fill(weir::PooledFrame& frame, const std::function<double(std::uint32_t, std::uint32_t, std::uint32_t)>& value) {
    const double full = std::ldexp(1.0, weir::describe(frame.format().pixel_format).depth) - 1;
    for (std::uint32_t plane = 0; plane < frame.planes(); ++plane)
        for (std::uint32_t y = 0; y < frame.plane(plane).rows; ++y)
            for (std::uint32_t x = 0; x < samples_a_row(frame, plane); ++x)
                set_sample(frame, plane, x, y, static_cast<unsigned>(std::lround(value(plane, x, y) * full)));
}

/// Smooth, different in every plane, within limited range. `width` and `height` are the plane's.
inline double smooth(std::uint32_t plane, double x, double y, double width, double height) {
    return 0.5 + 0.2 * std::sin(6.0 * x / width + plane) + 0.15 * std::cos(5.0 * y / height + 2.0 * plane);
}
inline void fill_smooth(weir::PooledFrame& frame) {
    fill(frame, [&frame](std::uint32_t plane, std::uint32_t x, std::uint32_t y) {
        return smooth(plane, x + 0.5, y + 0.5, samples_a_row(frame, plane), frame.plane(plane).rows);
    });
}

/// All visible bytes, plane after plane.
inline std::string packed(const weir::PooledFrame& frame) {
    std::string bytes;
    for (std::uint32_t plane = 0; plane < frame.planes(); ++plane) {
        const weir::ConstPlane rows = frame.plane(plane);
        for (std::uint32_t y = 0; y < rows.rows; ++y)
            bytes.append(reinterpret_cast<const char*>(rows.row(y)), rows.row_bytes);
    }
    return bytes;
}

/// In dB, over all samples; 99 if they are the same.
inline double psnr(const weir::PooledFrame& a, const weir::PooledFrame& b) {
    double sum = 0;
    double count = 0;
    for (std::uint32_t plane = 0; plane < a.planes(); ++plane)
        for (std::uint32_t y = 0; y < a.plane(plane).rows; ++y)
            for (std::uint32_t x = 0; x < samples_a_row(a, plane); ++x, ++count)
                sum += std::pow(static_cast<double>(sample(a, plane, x, y)) - sample(b, plane, x, y), 2);
    const double peak = std::ldexp(1.0, weir::describe(a.format().pixel_format).depth) - 1;
    return sum == 0 ? 99 : 10 * std::log10(peak * peak * count / sum);
}

} // namespace support
