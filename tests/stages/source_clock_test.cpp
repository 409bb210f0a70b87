#include "source_clock.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using detail::SourceClock;

namespace {

constexpr std::int64_t ms = 1000;

/// Where a packet lands on the time line, in milliseconds.
std::int64_t land(SourceClock& clock, std::size_t stream, std::int64_t at, std::int64_t duration = 40) {
    const std::size_t stretch = clock.place(stream, at * ms, at * ms, duration * ms);
    return at + clock.shift(stretch).ticks / ms;
}

} // namespace

TEST_CASE("a source begins at 0, whatever its times", "[stages][demux][time]") {
    SourceClock clock(1400 * ms, 1, false);
    CHECK(land(clock, 0, 1400) == 0);
    CHECK(land(clock, 0, 1440) == 40);
    CHECK(land(clock, 0, 100) == -1300); // a container whose clock does not jump is believed
    CHECK(clock.stretches() == 1);
}

TEST_CASE("a clock that jumps back goes on where it was", "[stages][demux][time]") {
    SourceClock clock(0, 1, true);
    for (std::int64_t t = 0; t < 1000; t += 40)
        CHECK(land(clock, 0, t) == t);
    CHECK(land(clock, 0, 0) == 1000);
    CHECK(land(clock, 0, 40) == 1040);
    CHECK(clock.stretches() == 2);
}

TEST_CASE("all streams take the same step over a jump", "[stages][demux][time]") {
    SourceClock clock(0, 2, true);
    for (std::int64_t t = 0; t < 1000; t += 40) {
        CHECK(land(clock, 0, t) == t);
        if (t < 960)
            CHECK(land(clock, 1, t + 20) == t + 20);
    }
    CHECK(land(clock, 0, 0) == 1000);  // the first stream is over the jump
    CHECK(land(clock, 1, 980) == 980); // the second one not yet
    CHECK(land(clock, 1, 20) == 1020); // now it is, and as far from the first as it was
    CHECK(clock.stretches() == 2);
}

TEST_CASE("a stream that was not there for a while comes back in step", "[stages][demux][time]") {
    SourceClock clock(0, 2, true);
    for (std::int64_t t = 0; t < 1000; t += 40) {
        land(clock, 0, t);
        land(clock, 1, t);
    }
    for (std::int64_t t = 20000; t < 21000; t += 40) // the second part has the first stream only
        land(clock, 0, t);
    CHECK(land(clock, 1, 0) == 2000); // the second stream sees the third part first
    CHECK(land(clock, 0, 0) == 2000);
}

TEST_CASE("a jump of more than ten seconds is a jump, less is a hole", "[stages][demux][time]") {
    SourceClock clock(0, 1, true);
    CHECK(land(clock, 0, 0) == 0);
    CHECK(land(clock, 0, 9000) == 9000);
    CHECK(land(clock, 0, 30000) == 9040);
}

TEST_CASE("a stream that nobody read for a while comes back in step", "[stages][demux][time]") {
    SourceClock clock(0, 2, true);
    land(clock, 1, 0);
    for (std::int64_t t = 0; t < 30'000; t += 40)
        CHECK(land(clock, 0, t) == t);
    clock.begin_stream(1);
    CHECK(land(clock, 1, 29'500) == 29'500); // it lies behind in the file
    CHECK(clock.stretches() == 1);
}
