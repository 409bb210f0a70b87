#include <weir/pools/rational.hpp>

#include <catch2/catch.hpp>

#include <cmath>

using namespace weir;

namespace {
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
}

TEST_CASE("rescaling rounds to the nearest tick, halves away from zero", "[pools][rational]") {
    CHECK(rescale(3, {1, 2}, {1, 1}) == 2);
    CHECK(rescale(-3, {1, 2}, {1, 1}) == -2);
    CHECK(rescale(5, {1, 3}, {1, 1}) == 2);
    CHECK(rescale(4, {1, 3}, {1, 1}) == 1);
    CHECK(rescale(1001, {1, 30000}, {1, 90000}) == 3003);
    CHECK(rescale(0, {1, 48000}, {1, 90000}) == 0);
}

TEST_CASE("rescaling is exact where 64 bits in between would overflow", "[pools][rational]") {
    CHECK(rescale(largest, {1, 90000}, {1, 90000}) == largest);
    CHECK(rescale(largest / 2, {2'000'000'000, 1}, {2'000'000'000, 1}) == largest / 2);
    CHECK(rescale(1'000'000'007'000, {1, 1'000'000'000}, {1, 999'999'937}) == 999'999'944'000);
}

TEST_CASE("rescaling saturates and never makes the time that is no time", "[pools][rational]") {
    CHECK(rescale(largest, {1000, 1}, {1, 1000}) == largest);
    CHECK(rescale(-largest, {1000, 1}, {1, 1000}) == -largest);
    CHECK(rescale(-largest, {1, 1}, {1, 1}) == -largest);
}

TEST_CASE("no time stays no time in any base", "[pools][rational]") {
    CHECK(rescale(no_time, {1, 25}, {1, 90000}) == no_time);
    CHECK(std::isnan(seconds(no_time, {1, 25})));
}

TEST_CASE("times in different bases are compared exactly", "[pools][rational]") {
    CHECK(compare(1, {1, 3}, 333'333'333, {1, 1'000'000'000}) == std::strong_ordering::greater);
    CHECK(compare(1, {1, 25}, 3600, {1, 90000}) == std::strong_ordering::equal);
    CHECK(compare(-1, {1, 25}, 0, {1, 90000}) == std::strong_ordering::less);
    CHECK(compare(largest, {2'000'000'000, 1}, largest - 1, {2'000'000'000, 1}) == std::strong_ordering::greater);
}

TEST_CASE("no time comes before every time", "[pools][rational]") {
    CHECK(compare(no_time, {1, 25}, -largest, {1, 1}) == std::strong_ordering::less);
    CHECK(compare(-largest, {1, 1}, no_time, {1, 25}) == std::strong_ordering::greater);
    CHECK(compare(no_time, {1, 25}, no_time, {1, 1}) == std::strong_ordering::equal);
}

TEST_CASE("a rational is written as a fraction and read as seconds", "[pools][rational]") {
    CHECK(to_string(Rational{1, 90000}) == "1/90000");
    CHECK(seconds(45000, {1, 90000}) == Approx(0.5));
}
