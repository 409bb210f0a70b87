#include <weir/stages/av.hpp>

#include <catch2/catch.hpp>

#include <cstring>

using namespace weir;

TEST_CASE("every pixel format of ours is one of FFmpeg's, and that one is it", "[stages][av]") {
    for (const PixelFormat format : all_pixel_formats()) {
        INFO(to_string(format));
        REQUIRE(av::to_av(format) != AV_PIX_FMT_NONE);
        CHECK(av::from_av(av::to_av(format)) == format);
    }
    CHECK(av::to_av(PixelFormat::none) == AV_PIX_FMT_NONE);
    CHECK(av::from_av(AV_PIX_FMT_NONE) == PixelFormat::none);
}

TEST_CASE("the yuvj formats are the yuv ones with full range", "[stages][av]") {
    CHECK(av::from_av(AV_PIX_FMT_YUVJ420P) == PixelFormat::yuv420p);
    CHECK(av::from_av(AV_PIX_FMT_YUVJ444P) == PixelFormat::yuv444p);
    CHECK(av::full_range(AV_PIX_FMT_YUVJ422P));
    CHECK_FALSE(av::full_range(AV_PIX_FMT_YUV422P));
    const auto frame = av::make_frame();
    frame->format = AV_PIX_FMT_YUVJ420P;
    CHECK(av::colour_of(*frame).range == ColourRange::full);
}

TEST_CASE("sample formats and channel layouts go to FFmpeg and come back", "[stages][av]") {
    for (const auto format : {SampleFormat::u8, SampleFormat::s16, SampleFormat::s32, SampleFormat::flt, SampleFormat::dbl,
                              SampleFormat::s64, SampleFormat::u8p, SampleFormat::s16p, SampleFormat::s32p, SampleFormat::fltp,
                              SampleFormat::dblp, SampleFormat::s64p}) {
        INFO(to_string(format));
        CHECK(av::from_av(av::to_av(format)) == format);
        CHECK(av_get_bytes_per_sample(av::to_av(format)) == static_cast<int>(bytes_per_sample(format)));
    }
    for (std::uint32_t channels = 1; channels <= 16; ++channels) {
        const ChannelLayout layout = ChannelLayout::of(channels);
        CHECK(av::from_av(av::to_av(layout)) == layout);
    }
    CHECK(av::to_av(ChannelLayout{9, 0}).order == AV_CHANNEL_ORDER_UNSPEC);
}

TEST_CASE("colours keep their code points", "[stages][av]") {
    const Colour colour{ColourRange::limited, 9, 16, 9, 1};
    const auto frame = av::make_frame();
    av::set_colour(*frame, colour);
    CHECK(frame->color_trc == AVCOL_TRC_SMPTE2084);
    CHECK(av::colour_of(*frame) == colour);
}

TEST_CASE("colours that are none are unspecified", "[stages][av]") {
    const auto frame = av::make_frame();
    const int nonsense = GENERATE(33, 255, 256, -1);
    std::memcpy(&frame->color_range, &nonsense, sizeof nonsense);
    std::memcpy(&frame->color_primaries, &nonsense, sizeof nonsense);
    std::memcpy(&frame->color_trc, &nonsense, sizeof nonsense);
    std::memcpy(&frame->colorspace, &nonsense, sizeof nonsense);
    std::memcpy(&frame->chroma_location, &nonsense, sizeof nonsense);
    CHECK(av::colour_of(*frame) == Colour{ColourRange::unspecified, 2, 2, 2, 0});
}

TEST_CASE("an error says what was tried and why it failed", "[stages][av]") {
    CHECK(av::check(7, "nothing") == 7);
    CHECK_THROWS_AS(av::check(AVERROR(ENOMEM), "much"), std::bad_alloc);
    try {
        av::check(AVERROR_INVALIDDATA, "reading 'x'");
        FAIL("no exception");
    } catch (const AvError& error) {
        CHECK(error.code() == AVERROR_INVALIDDATA);
        CHECK(std::string(error.what()) == "reading 'x': Invalid data found when processing input");
    }
}
