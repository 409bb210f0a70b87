#include <weir/framework/item_sink.hpp>
#include <weir/framework/item_source.hpp>
#include <weir/stages/av.hpp>
#include <weir/stages/encode.hpp>
#include <weir/stages/mux.hpp>
#include <weir/stages/testsrc.hpp>
#include <weir/stages/tone.hpp>

#include "support/media.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

using namespace weir;
using namespace support;

namespace {

/// What an encoder makes of pictures.
std::vector<Packet> encoded(TestEngine& test, std::vector<PooledFrame> frames, EncodeOptions options,
                            Snapshot* snapshot = nullptr) {
    std::vector<Packet> result;
    Pipeline pipeline(test.engine);
    pipeline.add("in", give(std::move(frames))) >> pipeline.add("enc", encode(std::move(options))) >>
        pipeline.add("keep", sink([&result](Packet packet) { result.push_back(std::move(packet)); }));
    pipeline.run();
    if (snapshot)
        *snapshot = pipeline.snapshot();
    return result;
}

std::vector<PooledFrame> grey_frames(const std::vector<std::int64_t>& times, Rational time_base = {1, 1000},
                                     VideoFormat format = {64, 48, PixelFormat::yuv420p}) {
    std::vector<PooledFrame> frames;
    for (const std::int64_t pts : times) {
        PooledFrame frame = lone_frame(format);
        for (std::uint32_t i = 0; i < frame.planes(); ++i)
            for (std::uint32_t y = 0; y < frame.plane(i).rows; ++y)
                std::memset(frame.writable_plane(i).row(y), static_cast<int>(pts & 127), frame.plane(i).row_bytes);
        frame.header().pts = pts;
        frame.header().time_base = time_base;
        frames.push_back(std::move(frame));
    }
    return frames;
}

EncodeOptions ffv1() {
    EncodeOptions options;
    options.codec = "ffv1";
    return options;
}

} // namespace

TEST_CASE("an encoder or option that is not there is refused with the nearest name", "[stages][encode]") {
    CHECK_THROWS_WITH(encode("libx246"), Catch::Contains("libx264"));
    CHECK_THROWS_WITH(encode("libx264", {{"preseet", "fast"}}), Catch::Contains("preset"));
    CHECK_THROWS_WITH(encode("libx264", {{"crf", "many"}}), Catch::Contains("crf"));
    CHECK_THROWS_AS(encode(""), OptionError);
    CHECK_NOTHROW(encode("h264", {{"b", "1M"}}));
}

TEST_CASE("an encoder that cannot be opened is named, with FFmpeg's reason", "[stages][encode]") {
    TestEngine test;
    EncodeOptions options;
    options.codec = "libx264";
    options.codec_options = {{"preset", "warp"}}; // any text is taken until the codec looks at it
    CHECK_THROWS_WITH(encoded(test, grey_frames({0}), options), Catch::Contains("opening the encoder libx264: "));
}

TEST_CASE("times stay as they are, also where the frame rate varies", "[stages][encode][time]") {
    TestEngine test;
    const std::vector<std::int64_t> times{0, 40, 47, 113, 1000, 1001, 5000};
    const auto packets = encoded(test, grey_frames(times), ffv1());
    REQUIRE(packets.size() == times.size());
    for (std::size_t i = 0; i < times.size(); ++i) {
        CHECK(packets[i].pts == times[i]);
        CHECK(packets[i].format->time_base == Rational{1, 1000});
    }
}

TEST_CASE("times that do not increase are moved by the least and counted", "[stages][encode][time]") {
    TestEngine test;
    Snapshot snapshot;
    const auto packets = encoded(test, grey_frames({0, 40, 40, 39, 120}), ffv1(), &snapshot);
    REQUIRE(packets.size() == 5);
    CHECK(packets[2].pts == 41);
    CHECK(packets[3].pts == 42);
    CHECK(packets[4].pts == 120);
    CHECK(snapshot.stages[1].counters.at("timestamps moved") == 2);
}

TEST_CASE("a clock that goes back without a word goes on evenly", "[stages][encode][time]") {
    TestEngine test;
    auto frames = grey_frames({0, 40, 80, 120, 160, 0, 40});
    for (PooledFrame& frame : frames)
        frame.header().frame_rate = {25, 1};
    const auto packets = encoded(test, std::move(frames), ffv1());
    REQUIRE(packets.size() == 7);
    CHECK(packets[5].pts == 200);
    CHECK(packets[6].pts == 240);
}

TEST_CASE("frames without times get them from the frame rate", "[stages][encode][time]") {
    TestEngine test;
    auto frames = grey_frames({0, 0, 0});
    for (PooledFrame& frame : frames) {
        frame.header().pts = no_time;
        frame.header().frame_rate = {25, 1};
    }
    const auto packets = encoded(test, std::move(frames), ffv1());
    REQUIRE(packets.size() == 3);
    CHECK(packets[2].pts == 80);
}

TEST_CASE("the last picture of a file is shown, though nobody knows for how long", "[stages][encode][time]") {
    const Folder folder;
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("in", give(grey_frames({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}))) >>
        pipeline.add("enc", encode("libx264", {{"preset", "veryfast"}})) >> pipeline.add("out", mux(folder / "a.mp4"));
    pipeline.run();
    CHECK(pictures(test, folder / "a.mp4").size() == 10);
}

TEST_CASE("what the codec cannot take is converted, said once and counted, or refused", "[stages][encode]") {
    TestEngine test;
    EncodeOptions options;
    options.codec = "libx264";
    options.codec_options["preset"] = "ultrafast";
    auto frames = grey_frames({0, 40, 80}, {1, 1000}, {64, 48, PixelFormat::rgb24});
    SECTION("converted") {
        Snapshot snapshot;
        const auto packets = encoded(test, std::move(frames), options, &snapshot);
        REQUIRE(packets.size() == 3);
        CHECK(packets.front().format->video.pixel_format == PixelFormat::yuv444p);
        CHECK(snapshot.stages[1].counters.at("frames converted") == 3);
        CHECK_FALSE(test.log->find("64x48 rgb24 is converted to 64x48 yuv444p").empty());
    }
    SECTION("refused") {
        options.strict = true;
        CHECK_THROWS_WITH(encoded(test, std::move(frames), options), Catch::Contains("strict"));
    }
    frames.clear();
    CHECK(test.frames_out() == 0);
}

TEST_CASE("an odd column that a codec cannot take is left out without scaling", "[stages][encode]") {
    TestEngine test;
    EncodeOptions options;
    options.codec = "libx264";
    const auto packets = encoded(test, grey_frames({0, 40}, {1, 1000}, {65, 49, PixelFormat::yuv420p}), options);
    REQUIRE(packets.size() == 2);
    CHECK(packets.front().format->video == VideoFormat{64, 48, PixelFormat::yuv420p});
}

TEST_CASE("each way to meet a change of format", "[stages][encode][change]") {
    TestEngine test;
    auto frames = grey_frames({0, 40, 80});
    auto others = grey_frames({120, 160}, {1, 1000}, {128, 96, PixelFormat::yuv420p});
    for (PooledFrame& frame : others)
        frames.push_back(std::move(frame));
    EncodeOptions options = ffv1();
    SECTION("convert: all frames are like the first") {
        const auto packets = encoded(test, std::move(frames), options);
        REQUIRE(packets.size() == 5);
        CHECK(packets.back().format == packets.front().format);
    }
    SECTION("renegotiate: a new format, and a key frame") {
        options.on_change = EncodeOptions::OnChange::renegotiate;
        const auto packets = encoded(test, std::move(frames), options);
        REQUIRE(packets.size() == 5);
        CHECK(packets[2].format->video.width == 64);
        CHECK(packets[3].format->video.width == 128);
        CHECK(packets[3].key);
        CHECK(packets[3].pts == 120);
    }
    SECTION("drop: they are counted") {
        options.on_change = EncodeOptions::OnChange::drop;
        Snapshot snapshot;
        CHECK(encoded(test, std::move(frames), options, &snapshot).size() == 3);
        CHECK(snapshot.stages[1].counters.at("dropped by format") == 2);
    }
    SECTION("fail") {
        options.on_change = EncodeOptions::OnChange::fail;
        CHECK_THROWS_WITH(encoded(test, std::move(frames), options), Catch::Contains("128x96"));
    }
}

TEST_CASE("what x264 looks at again is changed while it encodes, and nothing else", "[stages][encode][live]") {
    using Change = std::pair<const char*, const char*>;
    struct Case {
        std::map<std::string, std::string> begun;
        std::vector<Change> changes;
    };
    const Case rates =
        GENERATE(Case{{{"crf", "12"}}, {{"crf", "45"}}}, Case{{}, {{"crf", "45"}}},
                 Case{{{"b", "4M"}, {"maxrate", "4M"}, {"bufsize", "400k"}}, {{"b", "300k"}, {"bufsize", "30k"}}},
                 Case{{{"crf", "12"}, {"maxrate", "4M"}, {"bufsize", "400k"}}, {{"maxrate", "300k"}, {"bufsize", "30k"}}});
    constexpr std::int64_t frames = 60; // before the change, and after it
    TestEngine test;
    FrameSource source("in", 1);
    ItemSink<Packet> sink("out", 1);
    EncodeOptions options;
    options.codec = "libx264";
    options.codec_options = rates.begun;
    options.codec_options.insert({{"preset", "ultrafast"}, {"tune", "zerolatency"}}); // each frame is a packet at once
    Pipeline pipeline(test.engine);
    pipeline.add("in", source.stage()) >> pipeline.add("enc", encode(options)) >> pipeline.add("out", sink.stage());
    pipeline.start();
    std::minstd_rand random(1);
    const auto encoded_bytes = [&](std::int64_t first) {
        std::size_t bytes = 0;
        for (std::int64_t pts = first; pts < first + frames; ++pts) {
            PooledFrame frame = lone_frame({320, 240, PixelFormat::gray8});
            const auto plane = frame.writable_plane(0);
            for (std::uint32_t y = 0; y < plane.rows; ++y)
                std::generate_n(plane.row(y), plane.row_bytes, [&] { return static_cast<std::byte>(random() >> 8 & 63); });
            frame.header().pts = pts;
            frame.header().time_base = {1, 30};
            frame.header().frame_rate = {30, 1};
            REQUIRE(source.push(std::move(frame)) == Pushed::yes);
            const auto packet = sink.pull();
            REQUIRE(packet.has_value());
            bytes += packet->data.size();
        }
        return bytes;
    };
    const std::size_t before = encoded_bytes(0);
    CHECK_THROWS_WITH(pipeline.set_option("enc", "preset", "slow"),
                      Catch::Contains("cannot be changed") && Catch::Contains(rates.changes.front().first));
    CHECK_THROWS_WITH(pipeline.set_option("enc", rates.changes.front().first, "many"), Catch::Contains("many"));
    const std::size_t between = encoded_bytes(frames);
    CHECK(between * 2 > before); // an error has changed nothing
    for (const auto& [option, value] : rates.changes)
        pipeline.set_option("enc", option, value);
    const std::size_t after = encoded_bytes(2 * frames);
    CHECK(after * 2 < between);
    source.end();
    pipeline.wait();
}

TEST_CASE("what an encoder would not follow is refused", "[stages][encode][live]") {
    struct Case {
        std::string codec;
        std::map<std::string, std::string> begun;
        const char* option;
        const char* value;
        const char* reason;
    };
    const std::map<std::string, std::string> constant{{"b", "2M"}, {"maxrate", "2M"}, {"bufsize", "1M"}};
    const std::map<std::string, std::string> capped{{"b", "2M"}, {"maxrate", "4M"}, {"bufsize", "1M"}};
    const auto with = [](std::map<std::string, std::string> options, const char* name, const char* value) {
        options[name] = value;
        return options;
    };
    const Case now = GENERATE_COPY(values<Case>({
        {"ffv1", {}, "b", "1M", "ffv1 as it was begun looks at no option again"},
        {"libx264", {{"b", "2M"}}, "b", "1M", "no option"},
        {"libx264", {{"qp", "20"}}, "crf", "30", "no option"},
        {"libx264", capped, "b", "1M", "again at maxrate, bufsize"},
        {"libx264", capped, "maxrate", "1M", "the kind of rate control"},
        {"libx264", constant, "maxrate", "1M", "again at b, bufsize"},
        {"libx264", constant, "b", "0", "the kind of rate control"},
        {"libx264", constant, "b", "800", "the kind of rate control"},
        {"libx264", constant, "bufsize", "0", "the kind of rate control"},
        {"libx264", with(constant, "nal-hrd", "cbr"), "b", "1M", "no option"},
        {"libx264", with(constant, "flags", "+pass2"), "b", "1M", "no option"},
        {"libx264", {{"x264-params", "bitrate=1000"}}, "crf", "30", "no option"},
        {"libx264", {{"crf", "20"}}, "crf", "-1", "the kind of rate control"},
        {"libx264", {{"crf", "20"}, {"crf_max", "30"}}, "crf_max", "40", "again at crf)"},
    }));
    EncodeOptions options;
    options.codec = now.codec;
    options.codec_options = now.begun;
    TestEngine test;
    FrameSource source("in", 1); // nothing is pushed: the codec is not opened
    Pipeline pipeline(test.engine);
    pipeline.add("in", source.stage()) >> pipeline.add("enc", encode(options)) >>
        pipeline.add("out", sink([](const Packet&) {}));
    pipeline.start();
    CAPTURE(now.codec, now.begun, now.option, now.value);
    CHECK_THROWS_WITH(pipeline.set_option("enc", now.option, now.value), Catch::Contains(now.reason));
    source.end();
    pipeline.wait();
}

TEST_CASE("equal settings give equal bytes, whatever the number of workers", "[stages][encode]") {
    std::vector<std::string> results;
    for (const unsigned workers : {1u, 4u}) {
        TestEngine test(workers);
        std::string bytes;
        Pipeline pipeline(test.engine);
        TestsrcOptions source;
        source.width = 160;
        source.height = 120;
        source.frames = 50;
        pipeline.add("src", testsrc(source)) >>
            pipeline.add("enc", encode("libx264", {{"preset", "veryfast"}, {"threads", "1"}})) >>
            pipeline.add("keep", sink([&bytes](const Packet& packet) {
                             bytes.append(reinterpret_cast<const char*>(packet.data.data()), packet.data.size());
                         }));
        pipeline.run();
        results.push_back(bytes);
    }
    CHECK((results[0] == results[1])); // not shown: bytes
    CHECK(results[0].size() > 1000);
}

TEST_CASE("sound of any rate, format and piece length is what the codec can take", "[stages][encode]") {
    TestEngine test;
    ToneOptions options;
    options.duration = 1;
    options.frame = GENERATE(1u, 77u, 1024u, 5000u);
    if (options.frame == 1)
        options.duration = 0.05;
    std::vector<Packet> packets;
    Pipeline pipeline(test.engine);
    SECTION("aac takes it as it is") {
        pipeline.add("src", tone(options)) >> pipeline.add("enc", encode("aac")) >>
            pipeline.add("keep", sink([&packets](Packet packet) { packets.push_back(std::move(packet)); }));
        pipeline.run();
        CHECK(packets.front().pts == -1024); // the codec's own lead-in
        CHECK(pipeline.snapshot().stages[1].counters.at("buffers converted") == 0);
    }
    SECTION("opus wants another rate and layout") {
        options.rate = 44100;
        options.layout = *channel_layout("3.1");
        options.format = SampleFormat::s32;
        pipeline.add("src", tone(options)) >> pipeline.add("enc", encode("libmp3lame")) >>
            pipeline.add("keep", sink([&packets](Packet packet) { packets.push_back(std::move(packet)); }));
        pipeline.run();
        CHECK(packets.front().format->audio.layout.channels == 2);
    }
    std::int64_t duration = 0;
    for (const Packet& packet : packets)
        duration += packet.duration;
    const auto samples = static_cast<std::int64_t>(options.duration * options.rate);
    CHECK(duration >= samples);
    CHECK(duration <= samples + 3 * 1152);
    CHECK(overflows(test, pipeline) == 0);
    packets.clear();
    CHECK(test.frames_out() == 0);
}
