#include <weir/pools/errors.hpp>
#include <weir/stages/resample.hpp>
#include <weir/stages/tone.hpp>

#include "support/collect.hpp"

#include <catch2/catch.hpp>

#include <numbers>

using namespace weir;
using namespace support;

namespace {

const ChannelLayout mono = ChannelLayout::of(1);
const ChannelLayout stereo = ChannelLayout::of(2);

/// A piece of silence at a time, or one without a time.
PooledSamples piece(const AudioFormat& format, std::uint32_t count, std::int64_t pts, Rational base) {
    PooledSamples samples = lone_samples(format, count);
    for (std::uint32_t i = 0; i < samples.planes(); ++i)
        std::memset(samples.writable_plane(i), 0, samples.plane_bytes());
    samples.header().pts = pts;
    samples.header().time_base = base;
    samples.header().duration = pts == no_time ? 0 : rescale(count, {1, static_cast<std::int32_t>(format.sample_rate)}, base);
    return samples;
}

std::vector<PooledSamples> resampled(std::vector<PooledSamples> pieces, const ResampleOptions& options) {
    TestEngine test;
    std::vector<PooledSamples> result;
    Pipeline pipeline(test.engine);
    pipeline.add("give", give(std::move(pieces))) >> pipeline.add("resample", resample(options)) >>
        pipeline.add("keep", keep(result));
    pipeline.run();
    return result;
}

} // namespace

TEST_CASE("as many samples come out as the rates say, to the last one", "[stages][resample]") {
    const std::uint32_t from = GENERATE(8000u, 11025u, 22050u, 44100u, 48000u, 96000u, 7919u);
    const std::uint32_t to = GENERATE(8000u, 16000u, 44100u, 48000u, 192000u);
    const std::int64_t samples = GENERATE(1, 10, 1000, 30011);
    CAPTURE(from, to, samples);
    TestEngine test;
    std::vector<PooledSamples> result;
    Pipeline pipeline(test.engine);
    pipeline.add("tone", tone({.rate = from, .layout = mono, .samples = samples, .frame = 777})) >>
        pipeline.add("resample", resample({.rate = to})) >> pipeline.add("keep", keep(result));
    pipeline.run();
    CHECK(total(result) == rescale(samples, {1, static_cast<std::int32_t>(from)}, {1, static_cast<std::int32_t>(to)}));
    CHECK(seamless(result));
    if (!result.empty()) {
        CHECK(result.front().header().pts == 0);
        CHECK(result.front().header().time_base == Rational{1, static_cast<std::int32_t>(to)});
    }
}

TEST_CASE("a sine stays the same sine at another rate, from the first sample to the last", "[stages][resample]") {
    const auto [from, to] = GENERATE(std::pair(44100u, 48000u), std::pair(48000u, 44100u), std::pair(48000u, 16000u));
    TestEngine test;
    std::vector<PooledSamples> result;
    Pipeline pipeline(test.engine);
    pipeline.add("tone", tone({.rate = from, .frequency = 1000, .volume = 0.5, .duration = 0.5})) >>
        pipeline.add("resample", resample({.rate = to})) >> pipeline.add("keep", keep(result));
    pipeline.run();
    for (const std::uint32_t c : {0u, 1u}) {
        const auto values = channel(result, c);
        double worst = 0;
        for (std::size_t i = 100; i + 100 < values.size(); ++i) // the filter's run-in and run-out aside
            worst = std::max(worst, std::abs(values[i] - 0.5 * std::sin(2 * std::numbers::pi * 1000 * (1 + 0.25 * c) *
                                                                        static_cast<double>(i) / to)));
        CHECK(worst < 2e-3); // a delay of one sample would be 0.06 and more
    }
}

TEST_CASE("sound that is as wanted passes through without a copy", "[stages][resample]") {
    std::vector<PooledSamples> pieces;
    pieces.push_back(piece({SampleFormat::s16, stereo, 48000}, 100, 5, {1, 1000}));
    const std::byte* bytes = pieces[0].plane(0);
    const auto result = resampled(std::move(pieces), {.rate = 48000, .format = SampleFormat::s16});
    REQUIRE(result.size() == 1);
    CHECK(result[0].plane(0) == bytes);
    CHECK(result[0].header().time_base == Rational{1, 1000});
}

TEST_CASE("where the rate stays, every piece keeps its times and its length", "[stages][resample]") {
    std::vector<PooledSamples> pieces;
    for (const std::int64_t pts : {0, 21, 43, 500, 64}) // as a container says it, with a jump and a step back
        pieces.push_back(piece({SampleFormat::fltp, stereo, 48000}, 1024, pts, {1, 1000}));
    pieces.push_back(piece({SampleFormat::fltp, stereo, 48000}, 10, no_time, {1, 1000}));
    const auto result = resampled(std::move(pieces), {.format = SampleFormat::s16, .layout = mono});
    REQUIRE(result.size() == 6);
    const std::array<std::int64_t, 6> wanted{0, 21, 43, 500, 64, no_time};
    for (std::size_t i = 0; i < 6; ++i) {
        CHECK(result[i].header().pts == wanted.at(i));
        CHECK(result[i].header().count == (i < 5 ? 1024u : 10u));
        CHECK(result[i].header().time_base == Rational{1, 1000});
        CHECK(result[i].format() == AudioFormat{SampleFormat::s16, mono, 48000});
    }
}

TEST_CASE("times do not drift, whatever the time base rounds away", "[stages][resample]") {
    std::vector<PooledSamples> pieces;
    constexpr AudioFormat format{SampleFormat::s16, {1, 4}, 44100};
    std::int64_t at = 441; // 10 ms
    for (int i = 0; i < 2000; ++i, at += 1024)
        pieces.push_back(piece(format, 1024, rescale(at, {1, 44100}, {1, 1000}), {1, 1000}));
    const auto result = resampled(std::move(pieces), {.rate = 48000});
    CHECK(result.front().header().pts == 480);
    CHECK(seamless(result));
    CHECK(total(result) == rescale(441 + 2000 * 1024, {1, 44100}, {1, 48000}) - 480);
}

TEST_CASE("a jump in time comes out where it was, and no sample is lost over it", "[stages][resample]") {
    constexpr AudioFormat format{SampleFormat::fltp, {1, 4}, 44100};
    std::vector<PooledSamples> pieces;
    pieces.push_back(piece(format, 4410, 0, {1, 44100}));
    pieces.push_back(piece(format, 4410, 4410, {1, 44100}));
    pieces.push_back(piece(format, 4410, 44100, {1, 44100})); // 0.8 s later
    pieces.push_back(piece(format, 4410, 22050, {1, 44100})); // and back
    const auto result = resampled(std::move(pieces), {.rate = 48000});
    CHECK(total(result) == 4 * 4800);
    std::vector<std::pair<std::int64_t, std::int64_t>> stretches; // begin, end
    for (const PooledSamples& samples : result) {
        const std::int64_t pts = samples.header().pts;
        if (stretches.empty() || stretches.back().second != pts)
            stretches.emplace_back(pts, pts);
        stretches.back().second += samples.header().count;
    }
    CHECK(stretches == std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 9600}, {48000, 52800}, {24000, 28800}});
}

TEST_CASE("a change of the input's format in mid-stream loses no sample", "[stages][resample][change]") {
    std::vector<PooledSamples> pieces;
    pieces.push_back(piece({SampleFormat::fltp, stereo, 44100}, 44100, 0, {1, 44100}));
    pieces.push_back(piece({SampleFormat::s16, mono, 22050}, 22050, 22050, {1, 22050}));
    pieces.push_back(piece({SampleFormat::s16, stereo, 48000}, 48000, 96000, {1, 48000})); // as wanted
    pieces.push_back(piece({SampleFormat::s32, ChannelLayout::of(6), 96000}, 96000, no_time, {1, 1}));
    const auto result = resampled(std::move(pieces), {.rate = 48000, .format = SampleFormat::s16, .layout = stereo});
    CHECK(total(result) == 4 * 48000);
    for (const PooledSamples& samples : result)
        CHECK(samples.format() == AudioFormat{SampleFormat::s16, stereo, 48000});
}

TEST_CASE("every sample format becomes every other", "[stages][resample]") {
    const auto from = GENERATE(SampleFormat::u8, SampleFormat::s16p, SampleFormat::s32, SampleFormat::flt, SampleFormat::dblp,
                               SampleFormat::s64);
    const auto to = GENERATE(SampleFormat::u8p, SampleFormat::s16, SampleFormat::s32p, SampleFormat::fltp, SampleFormat::dbl,
                             SampleFormat::s64p);
    CAPTURE(to_string(from), to_string(to));
    TestEngine test;
    std::vector<PooledSamples> result;
    Pipeline pipeline(test.engine);
    pipeline.add("tone", tone({.format = from, .frequency = 500, .volume = 0.5, .samples = 2048})) >>
        pipeline.add("there", resample({.format = to})) >> pipeline.add("back", resample({.format = SampleFormat::fltp})) >>
        pipeline.add("keep", keep(result));
    pipeline.run();
    const auto values = channel(result, 0);
    REQUIRE(values.size() == 2048);
    double worst = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        worst =
            std::max(worst, std::abs(values[i] - 0.5 * std::sin(2 * std::numbers::pi * 500 * static_cast<double>(i) / 48000)));
    CHECK(worst < 0.02); // of 8 bits
}

TEST_CASE("more channels than have names can change format, but not layout", "[stages][resample]") {
    constexpr AudioFormat nine{SampleFormat::s16, {9, 0}, 48000};
    const auto give_nine = [&] {
        std::vector<PooledSamples> pieces;
        pieces.push_back(piece(nine, 100, 0, {1, 48000}));
        return pieces;
    };
    CHECK(total(resampled(give_nine(), {.format = SampleFormat::fltp})) == 100);
    try {
        static_cast<void>(resampled(give_nine(), {.layout = stereo}));
        FAIL("it ran");
    } catch (const Error& error) {
        CHECK(error.stage() == "resample");
    }
}
