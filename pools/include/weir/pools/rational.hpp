#pragma once
// Exact fractions and times counted in them.
#include <compare>
#include <cstdint>
#include <limits>
#include <string>

namespace weir {

/// A fraction: a time base (seconds a tick), a frame rate or an aspect ratio. Not normalised.
struct Rational {
    std::int32_t num = 0;
    std::int32_t den = 1;

    [[nodiscard]] constexpr bool valid() const noexcept { return num > 0 && den > 0; }
    friend constexpr bool operator==(const Rational&, const Rational&) = default;
};

/// "1/90000".
[[nodiscard]] std::string to_string(Rational value);

/// "There is no such time": the value of a pts or dts that is not known.
inline constexpr std::int64_t no_time = std::numeric_limits<std::int64_t>::min();

/// The ticks of std::chrono::nanoseconds.
inline constexpr Rational nanosecond{1, 1'000'000'000};

/// `ticks` of `from` expressed in `to`, rounded to the nearest (halves away from zero), exact to 64 bits in between
/// by 128-bit arithmetic and saturated at +-(2^63 - 1). `no_time` stays `no_time`. Both must be valid.
[[nodiscard]] std::int64_t rescale(std::int64_t ticks, Rational from, Rational to) noexcept;

/// The last tick of `to` that is not after that time.
[[nodiscard]] std::int64_t rescale_down(std::int64_t ticks, Rational from, Rational to) noexcept;

/// Compares two times in different time bases exactly. `no_time` comes before every time.
[[nodiscard]] std::strong_ordering compare(std::int64_t a, Rational base_a, std::int64_t b, Rational base_b) noexcept;

/// `ticks` as seconds, for messages; NaN for `no_time`.
[[nodiscard]] double seconds(std::int64_t ticks, Rational base) noexcept;

} // namespace weir
