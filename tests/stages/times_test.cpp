#include <weir/stages/av.hpp>

#include "packet_times.hpp"
#include "sample_times.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using detail::PacketTimes;
using detail::SampleTimes;

TEST_CASE("times rounded to milliseconds count in samples without a seam", "[stages][encode][time]") {
    SampleTimes times(48000);
    for (std::int64_t i = 0; i < 1000; ++i) {
        const std::int64_t exact = i * 1024;
        const auto place = times.place(rescale(exact, {1, 48000}, {1, 1000}), {1, 1000}, 1024);
        REQUIRE(place.pts == exact);
        REQUIRE_FALSE(place.moved);
    }
}

TEST_CASE("a hole in the sound stays a hole", "[stages][encode][time]") {
    SampleTimes times(1000);
    CHECK(times.place(0, {1, 1000}, 100).pts == 0);
    CHECK(times.place(600, {1, 1000}, 100).pts == 600);
    CHECK(times.place(no_time, {1, 1000}, 100).pts == 700);
}

TEST_CASE("sound whose times go back goes on evenly, and a later hole makes up for it", "[stages][encode][time]") {
    SampleTimes times(1000);
    CHECK(times.place(0, {1, 1000}, 500).pts == 0);
    const auto back = times.place(200, {1, 1000}, 100);
    CHECK(back.pts == 500);
    CHECK(back.moved);
    CHECK(times.place(300, {1, 1000}, 100).pts == 600);
    CHECK(times.place(900, {1, 1000}, 100).pts == 900);
    CHECK(times.place(1000, {1, 1000}, 100).pts == 1000);
}

namespace {

Packet video_packet(std::int64_t pts, std::int64_t dts, int reorder) {
    av::StreamParameters stream;
    stream.codec = av::make_parameters();
    stream.codec->codec_type = AVMEDIA_TYPE_VIDEO;
    stream.codec->codec_id = AV_CODEC_ID_H264;
    stream.codec->video_delay = reorder;
    Packet packet;
    packet.format = av::make_format(std::move(stream), {1, 90000}, {25, 1});
    packet.pts = pts;
    packet.dts = dts;
    return packet;
}

} // namespace

TEST_CASE("packets without times get them from the frame rate", "[stages][mux][time]") {
    PacketTimes times;
    CHECK(times.next(video_packet(no_time, no_time, 0), true).pts == 0);
    const auto second = times.next(video_packet(no_time, no_time, 0), true);
    CHECK(second.dts == 3600);
    CHECK(second.made_up);
}

TEST_CASE("reordered pictures without times are refused where the container stores times", "[stages][mux][time]") {
    PacketTimes times;
    CHECK_THROWS_AS(times.next(video_packet(no_time, no_time, 2), true), std::runtime_error);
    PacketTimes raw;
    CHECK(raw.next(video_packet(no_time, no_time, 2), false).dts == 0);
}

TEST_CASE("times a day and a half ahead are nonsense", "[stages][mux][time]") {
    PacketTimes times;
    CHECK(times.next(video_packet(0, 0, 0), true).dts == 0);
    CHECK(times.next(video_packet(std::int64_t{1} << 60, std::int64_t{1} << 60, 0), true).dts == 3600);
    CHECK(times.next(video_packet(7200, 7200, 0), true).dts == 7200);
}
