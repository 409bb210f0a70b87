// When media is due.
#include <weir/framework/media_clock.hpp>

#include <catch2/catch.hpp>

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("the first time that is asked for is due at once, and others as far from it as the speed says", "[framework][time]") {
    MediaClock clock;
    const Clock::Time now{100s};
    CHECK(clock.due(7s, 1.0, now) == now);
    CHECK(clock.due(9s, 1.0, now) == now + 2s);
    CHECK(clock.due(9s, 2.0, now) == now + 1s);
    CHECK(clock.due(6s, 1.0, now + 50s) == now - 1s);
    clock.delay(3s);
    CHECK(clock.due(9s, 1.0, now) == now + 5s);
    clock.restart();
    CHECK(clock.due(9s, 1.0, now + 1s) == now + 1s);
}

TEST_CASE("while media time stands still nothing comes nearer, and afterwards all goes on", "[framework][time]") {
    MediaClock clock;
    const Clock::Time now{100s};
    CHECK(clock.due(0s, 1.0, now) == now);
    clock.stand_still(now + 1s);
    CHECK(clock.due(3s, 1.0, now + 1s) == now + 3s);
    CHECK(clock.due(3s, 1.0, now + 31s) == now + 33s);
    CHECK(clock.due(3s, 1.0, now) == now + 3s); // asked by one that looked at the time before
    clock.stand_still(now + 31s);               // twice is once
    clock.go_on(now + 41s);
    CHECK(clock.due(3s, 1.0, now + 41s) == now + 43s);
    clock.go_on(now + 50s);
    CHECK(clock.due(3s, 1.0, now + 50s) == now + 43s);
}

TEST_CASE("what is asked for first while media time stands still is due at once", "[framework][time]") {
    MediaClock clock;
    const Clock::Time now{100s};
    clock.stand_still(now);
    CHECK(clock.due(5s, 1.0, now + 10s) == now + 10s);
    CHECK(clock.due(6s, 1.0, now + 10s) == now + 11s);
    clock.go_on(now + 60s);
    CHECK(clock.due(6s, 1.0, now + 60s) == now + 61s);
}
