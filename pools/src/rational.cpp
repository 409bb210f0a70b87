#include <weir/pools/rational.hpp>

#include <fmt/format.h>

#include <cmath>

namespace weir {
namespace {

__extension__ using Int128 = __int128; // 63 + 31 + 31 bits: no product below overflows

} // namespace

std::string to_string(Rational value) { return fmt::format("{}/{}", value.num, value.den); }

std::int64_t rescale(std::int64_t ticks, Rational from, Rational to) noexcept {
    if (ticks == no_time)
        return no_time;
    const Int128 numerator = Int128{ticks} * from.num * to.den;
    const Int128 denominator = Int128{from.den} * to.num;
    const Int128 half = denominator / 2; // for an odd denominator no quotient lies exactly between two integers
    const Int128 rounded = (numerator < 0 ? numerator - half : numerator + half) / denominator;
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    if (rounded > largest)
        return largest;
    if (rounded < -Int128{largest}) // the least int64 is no_time, which is no time
        return -largest;
    return static_cast<std::int64_t>(rounded);
}

std::strong_ordering compare(std::int64_t a, Rational base_a, std::int64_t b, Rational base_b) noexcept {
    if (a == no_time || b == no_time)
        return (a != no_time) <=> (b != no_time);
    const Int128 left = Int128{a} * base_a.num * base_b.den;
    const Int128 right = Int128{b} * base_b.num * base_a.den;
    return left < right   ? std::strong_ordering::less
           : left > right ? std::strong_ordering::greater
                          : std::strong_ordering::equal;
}

std::int64_t rescale_down(std::int64_t ticks, Rational from, Rational to) noexcept {
    const std::int64_t nearest = rescale(ticks, from, to);
    return compare(nearest, to, ticks, from) > 0 ? nearest - 1 : nearest;
}

double seconds(std::int64_t ticks, Rational base) noexcept {
    if (ticks == no_time)
        return std::nan("");
    return static_cast<double>(ticks) * base.num / base.den;
}

} // namespace weir
