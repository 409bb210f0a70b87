#include <weir/stages/tone.hpp>

#include "support/collect.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace support;

TEST_CASE("the sound is the same however it is cut into pieces", "[stages][tone]") {
    const auto sound = [](std::uint32_t frame) {
        TestEngine test;
        std::vector<PooledSamples> result;
        Pipeline pipeline(test.engine);
        pipeline.add("tone", tone({.layout = ChannelLayout::of(1), .samples = 5000, .frame = frame})) >>
            pipeline.add("keep", keep(result));
        pipeline.run();
        CHECK(seamless(result));
        return channel(result, 0);
    };
    const auto whole = sound(5000);
    CHECK(whole.size() == 5000);
    CHECK(sound(1024) == whole);
    CHECK(sound(77) == whole);
}

TEST_CASE("tone gives the seconds it is asked for, in every sample format", "[stages][tone]") {
    for (auto i = static_cast<int>(SampleFormat::u8); i <= static_cast<int>(SampleFormat::s64p); ++i) {
        TestEngine test;
        std::vector<PooledSamples> result;
        Pipeline pipeline(test.engine);
        pipeline.add(
            "tone",
            tone({.rate = 44100, .layout = ChannelLayout::of(3), .format = static_cast<SampleFormat>(i), .duration = 0.1})) >>
            pipeline.add("keep", keep(result));
        pipeline.run();
        CHECK(total(result) == 4410);
        CHECK(result.back().header().time_base == Rational{1, 44100});
    }
    CHECK_THROWS_AS(tone({.layout = {}}), OptionError);
}
