#include <weir/pools/audio_format.hpp>
#include <weir/pools/packet.hpp>

#include <catch2/catch.hpp>

#include <bit>

using namespace weir;

TEST_CASE("sample formats are found by their names", "[pools][formats]") {
    for (auto format = SampleFormat::u8; format <= SampleFormat::s64p;
         format = static_cast<SampleFormat>(static_cast<int>(format) + 1)) {
        CAPTURE(to_string(format));
        CHECK(sample_format(to_string(format)) == format);
        CHECK(bytes_per_sample(format) != 0);
        CHECK(is_planar(format) == to_string(format).ends_with('p'));
    }
    CHECK_FALSE(sample_format("none"));
    CHECK_FALSE(sample_format("s24"));
    CHECK(bytes_per_sample(SampleFormat::none) == 0);
    CHECK(bytes_per_sample(SampleFormat::s16p) == 2);
    CHECK(bytes_per_sample(SampleFormat::dbl) == 8);
}

TEST_CASE("the usual layout of up to eight channels has a name and a position for each", "[pools][formats]") {
    for (std::uint32_t channels = 1; channels <= 8; ++channels) {
        const ChannelLayout layout = ChannelLayout::of(channels);
        CAPTURE(channels, to_string(layout));
        CHECK(layout.channels == channels);
        CHECK(std::popcount(layout.mask) == static_cast<int>(channels));
        CHECK(channel_layout(to_string(layout)) == layout);
    }
    CHECK(to_string(ChannelLayout::of(1)) == "mono");
    CHECK(to_string(ChannelLayout::of(2)) == "stereo");
    CHECK(to_string(ChannelLayout::of(6)) == "5.1");
    CHECK(to_string(ChannelLayout::of(8)) == "7.1");
}

TEST_CASE("every named channel layout has as many positions as channels", "[pools][formats]") {
    for (const char* name :
         {"mono",      "stereo",     "2.1", "3.0",        "3.0(back)", "4.0",       "quad",           "quad(side)", "3.1",
          "5.0",       "5.0(side)",  "4.1", "5.1",        "5.1(side)", "6.0",       "6.0(front)",     "hexagonal",  "6.1",
          "6.1(back)", "6.1(front)", "7.0", "7.0(front)", "7.1",       "7.1(wide)", "7.1(wide-side)", "octagonal"}) {
        CAPTURE(name);
        const auto layout = channel_layout(name);
        REQUIRE(layout);
        CHECK(std::popcount(layout->mask) == static_cast<int>(layout->channels));
        CHECK(to_string(*layout) == name);
    }
}

TEST_CASE("channels without positions are counted", "[pools][formats]") {
    CHECK(ChannelLayout::of(9) == ChannelLayout{9, 0});
    CHECK(to_string(ChannelLayout{9, 0}) == "9 channels");
    CHECK(channel_layout("9 channels") == ChannelLayout{9, 0});
    CHECK_FALSE(channel_layout("0 channels"));
    CHECK_FALSE(channel_layout("-1 channels"));
    CHECK_FALSE(channel_layout(" channels"));
    CHECK_FALSE(channel_layout("5.2"));
}

TEST_CASE("an audio format is written with rate, channels and samples", "[pools][formats]") {
    const AudioFormat format{SampleFormat::fltp, ChannelLayout::of(2), 48000};
    CHECK(to_string(format) == "48000 Hz stereo fltp");
    AudioFormat other = format;
    CHECK(std::hash<AudioFormat>{}(format) == std::hash<AudioFormat>{}(other));
    other.sample_rate = 44100;
    CHECK(std::hash<AudioFormat>{}(format) != std::hash<AudioFormat>{}(other));
}

TEST_CASE("a packet format is written with its codec and what is known of the media", "[pools][formats]") {
    PacketFormat format;
    format.media = MediaType::video;
    format.codec = "h264";
    format.time_base = {1, 90000};
    format.video = {1920, 1080, PixelFormat::yuv420p};
    CHECK(to_string(format) == "h264 1920x1080 yuv420p, 1/90000");

    PacketFormat bare;
    bare.media = MediaType::subtitle;
    bare.time_base = {1, 1000};
    CHECK(to_string(bare) == "subtitle, 1/1000");
}

TEST_CASE("channel layouts of as many channels have different hashes if their positions differ", "[pools][audio]") {
    const std::hash<ChannelLayout> hash;
    const ChannelLayout known = ChannelLayout::of(2);
    const ChannelLayout unknown{2, 0};
    CHECK(hash(known) == hash(ChannelLayout::of(2)));
    CHECK(hash(known) != hash(unknown));
}
