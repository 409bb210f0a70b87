#include <weir/stages/av.hpp>
#include <weir/stages/resample.hpp>

#include "support/media.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <string>
#include <utility>

using namespace weir;
using namespace support;

TEST_CASE("every picture comes out once and in order, for any number of threads", "[stages][decode]") {
    const Folder folder;
    const unsigned threads = GENERATE(1u, 2u, 8u);
    TestEngine test(threads);
    run(test, "testsrc 320x240 rate=25 frames=120 ! encode libx264 preset=veryfast threads=1 bf=3 ! mux " + folder / "a.mp4");
    const auto shown = pictures(test, folder / "a.mp4");
    CHECK(shown.size() == 120);
    CHECK(counts_up(shown));
    CHECK(test.frames_out() == 0);
}

TEST_CASE("pictures are decoded into the registry's pools", "[stages][decode]") {
    const Folder folder;
    TestEngine test;
    run(test, "testsrc 320x240 rate=25 frames=60 ! encode mpeg4 ! mux " + folder / "a.mp4");
    TestEngine fresh;
    Pipeline pipeline(fresh.engine);
    build(pipeline, "demux " + folder / "a.mp4" + " ! decode ! null");
    pipeline.run();
    std::uint64_t adopted = 0;
    std::uint64_t acquired = 0;
    for (const PoolReport& pool : fresh.engine.registry().stats()) {
        adopted += pool.stats.adopted;
        acquired += pool.stats.total_acquires;
    }
    CHECK(adopted == 0);
    CHECK(acquired >= 60);
    CHECK(overflows(fresh, pipeline) == 0);
}

TEST_CASE("a quota of one frame is enough", "[stages][decode]") {
    const Folder folder;
    TestEngine test;
    run(test, "testsrc 160x120 rate=25 frames=60 ! encode libx264 preset=veryfast ! mux " + folder / "a.mp4");
    std::vector<std::int64_t> pts;
    Pipeline pipeline(test.engine);
    pipeline.add("in", demux(folder / "a.mp4")) >> pipeline.add("dec", decode(), StageOptions{.quota = 1}) >>
        pipeline.add("keep", sink([&pts](const PooledFrame& frame) { pts.push_back(frame.header().pts); }));
    pipeline.run();
    CHECK(pts.size() == 60);
    CHECK(std::is_sorted(pts.begin(), pts.end()));
}

TEST_CASE("a change of size in mid-stream goes through", "[stages][decode][change]") {
    const Folder folder;
    TestEngine test;
    run(test, "testsrc 64x48 rate=25 frames=75 changes=1:128x96,2:96x64 ! encode libx264 preset=veryfast on_change=renegotiate "
              "! mux " +
                  folder / "a.ts");
    const auto shown = pictures(test, folder / "a.ts");
    REQUIRE(shown.size() == 75);
    CHECK(counts_up(shown));
    CHECK(shown[24].format == VideoFormat{64, 48, PixelFormat::yuv420p});
    CHECK(shown[25].format == VideoFormat{128, 96, PixelFormat::yuv420p});
    CHECK(shown[74].format == VideoFormat{96, 64, PixelFormat::yuv420p});
}

TEST_CASE("pixel formats without a name here are converted once, and counted", "[stages][decode]") {
    const Folder folder;
    TestEngine test;
    // Big-endian samples 0, 1, 2 ...
    std::string bytes;
    for (unsigned i = 0; i < 5 * 64 * 48 * 3; ++i)
        bytes += {static_cast<char>(i % 9216 >> 8), static_cast<char>(i % 9216 & 255)};
    std::ofstream(folder / "a.raw", std::ios::binary) << bytes;
    DemuxOptions raw;
    raw.format = "rawvideo";
    raw.format_options = {{"pixel_format", "rgb48be"}, {"video_size", "64x48"}};
    Pipeline pipeline(test.engine);
    std::vector<Note> frames;
    pipeline.add("in", demux(folder / "a.raw", raw)) >> pipeline.add("dec", decode()) >> pipeline.add("note", note(frames));
    pipeline.run();
    REQUIRE(frames.size() == 5);
    CHECK(frames.back().format == VideoFormat{64, 48, PixelFormat::rgb48});
    std::uint16_t last = 0;
    std::memcpy(&last, frames.back().bytes.data() + 9215 * 2, 2);
    CHECK(last == 9215);
    CHECK(pipeline.snapshot().stages[1].counters.at("frames converted") == 5);
    CHECK_FALSE(test.log->find("rgb48be").empty());
}

TEST_CASE("damaged packets are counted and skipped, or fail if asked", "[stages][decode]") {
    const Folder folder;
    TestEngine test;
    run(test, "testsrc 64x48 rate=25 frames=10 ! encode png ! mux " + folder / "a.mkv");
    const auto good = packets(test, folder / "a.mkv", "");
    std::vector<Packet> list(good.begin(), good.end());
    const auto bad = std::make_shared<std::vector<std::byte>>(500, std::byte{0});
    list[4].data = *bad;
    list[4].payload = bad;

    // A source that says what it will send, as demuxers do.
    struct Source final : StageDefinition {
        explicit Source(std::vector<Packet> packets) : list(std::move(packets)) {}
        [[nodiscard]] std::string type() const override { return "source"; }
        void declare(Ports& ports) override { ports.output<Packet>("out").port().packet_format = list.front().format; }
        [[nodiscard]] Process run(StageContext&, Ports& ports) override { return send(ports.get_output<Packet>("out"), &list); }
        static Process send(Output<Packet> out, const std::vector<Packet>* packets) {
            for (const Packet& packet : *packets) {
                const bool open = co_await out.put(packet);
                if (!open)
                    co_return;
            }
        }
        std::vector<Packet> list;
    };
    SECTION("skip") {
        int count = 0;
        Pipeline pipeline(test.engine);
        pipeline.add("in", std::make_unique<Source>(list)) >> pipeline.add("dec", decode()) >>
            pipeline.add("count", sink([&count](const PooledFrame&) { ++count; }));
        pipeline.run();
        CHECK(count == 9);
        CHECK(pipeline.snapshot().stages[1].counters.at("decode errors") == 1);
    }
    SECTION("fail") {
        Pipeline pipeline(test.engine);
        DecodeOptions options;
        options.on_error = DecodeOptions::OnError::fail;
        pipeline.add("in", std::make_unique<Source>(list)) >> pipeline.add("dec", decode(options)) >>
            pipeline.add("sink", sink([](const PooledFrame&) {}));
        CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("dec") && Catch::Contains("png"));
    }
    SECTION("nothing good at all is an error") {
        for (Packet& packet : list)
            packet = list[4];
        Pipeline pipeline(test.engine);
        pipeline.add("in", std::make_unique<Source>(list)) >> pipeline.add("dec", decode()) >>
            pipeline.add("sink", sink([](const PooledFrame&) {}));
        CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("not one of 10 packets"));
    }
}

TEST_CASE("a decoder that there is not, or not for this stream, is refused before anything runs", "[stages][decode]") {
    const Folder folder;
    TestEngine test;
    run(test, "testsrc 64x48 rate=25 frames=5 ! encode png ! mux " + folder / "a.mkv");
    const std::string codec = GENERATE("nonesuch", "h264");
    Pipeline pipeline(test.engine);
    build(pipeline, "demux " + folder / "a.mkv" + " ! decode codec=" + codec + " ! null");
    CHECK_THROWS_AS(pipeline.prepare(), GraphError);
}

TEST_CASE("sound comes out sample by sample as it went in", "[stages][decode]") {
    const Folder folder;
    TestEngine test;
    run(test, "tone duration=1 rate=44100 layout=5.1 format=s16 ! encode flac ! mux " + folder / "a.flac");
    std::vector<PooledSamples> pieces;
    {
        Pipeline pipeline(test.engine);
        pipeline.add("in", demux(folder / "a.flac")) >> pipeline.add("dec", decode()) >> pipeline.add("keep", keep(pieces));
        pipeline.run();
    }
    CHECK(total(pieces) == 44100);
    CHECK(seamless(pieces));
    CHECK(pieces.front().format().layout == *channel_layout("5.1"));
    pieces.clear();
    CHECK(test.frames_out() == 0);
}

TEST_CASE("sound whose pieces differ in length stays with one pool", "[stages][decode][resample]") {
    const Folder folder;
    using Case = std::pair<std::string, std::string>;
    // The last one's pieces are longer than those that a pool has room for unless it is asked to.
    const auto [codec, name] = GENERATE(Case{"libvorbis", "a.ogg"}, Case{"flac", "a.flac"}, Case{"wavpack", "a.wv"});
    CAPTURE(codec);
    TestEngine test;
    run(test, "tone duration=3 rate=44100 layout=stereo ! encode " + codec + " ! mux " + folder / name);
    TestEngine fresh;
    std::vector<PooledSamples> pieces;
    {
        Pipeline pipeline(fresh.engine);
        pipeline.add("in", demux(folder / name)) >> pipeline.add("dec", decode()) >>
            pipeline.add("rate", resample({.rate = 48000})) >> pipeline.add("keep", keep(pieces));
        pipeline.run();
    }
    std::set<std::uint32_t> counts;
    for (const PooledSamples& piece : pieces)
        counts.insert(piece.header().count);
    CHECK(counts.size() > 1);
    // The decoder's and the resampler's sample formats may differ; each has one pool.
    std::map<std::string, int> pools;
    for (const PoolReport& report : fresh.engine.registry().stats())
        ++pools[report.format.substr(0, report.format.find(" of "))];
    for (const auto& [format, count] : pools) {
        CAPTURE(format);
        CHECK(count == 1);
    }
}
