#include <weir/stages/av.hpp>
#include <weir/stages/encode.hpp>
#include <weir/stages/mux.hpp>
#include <weir/stages/testsrc.hpp>

#include "support/media.hpp"

#include <catch2/catch.hpp>

#include <latch>

using namespace weir;
using namespace support;

namespace {

const std::string picture_branch = "testsrc 64x48 rate=25 frames=50 ! encode libx264 preset=veryfast";
const std::string sound_branch = "tone duration=2 ! encode aac";

double in_seconds(const Packet& packet) { return seconds(timeline_pts(packet), packet.format->time_base); }

} // namespace

TEST_CASE("a file has all packets of all its streams, under its own name only", "[stages][mux]") {
    const Folder folder;
    TestEngine test;
    const std::string name = GENERATE("a.mp4", "a.mkv", "a.ts", "a.mov", "a.nut", "a.flv");
    run(test, "out: mux " + folder / name + "; " + picture_branch + " ! out; " + sound_branch + " ! out");
    CHECK(folder.names() == std::vector<std::string>{name});
    CHECK(counts_up(pictures(test, folder / name)));
    CHECK(packets(test, folder / name, "video").size() == 50);
    CHECK(packets(test, folder / name, "audio").size() >= 94);
    // Picture and sound begin together.
    const double picture_starts = in_seconds(packets(test, folder / name, "video").front());
    const double sound_starts = in_seconds(packets(test, folder / name, "audio").front());
    CHECK(std::abs(picture_starts - sound_starts) < 0.03);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("what goes through unchanged is what it was", "[stages][mux]") {
    const Folder folder;
    TestEngine test;
    run(test, "out: mux " + folder / "a.mp4" + "; " + picture_branch + " ! out; " + sound_branch + " ! out");
    const std::string name = GENERATE("b.mkv", "b.ts", "b.mov");
    run(test, "in: demux " + folder / "a.mp4" + "; out: mux " + folder / name + "; in.video ! out; in.audio ! out");
    const auto before = pictures(test, folder / "a.mp4");
    const auto after = pictures(test, folder / name);
    REQUIRE(after.size() == before.size());
    CHECK(counts_up(after));
    for (std::size_t i = 1; i < after.size(); ++i)
        CHECK(seconds(after[i].pts - after[0].pts, after[i].time_base) ==
              Approx(seconds(before[i].pts - before[0].pts, before[i].time_base)).margin(0.0011));
}

TEST_CASE("a file that is there is not replaced unless asked, and that is refused before anything runs", "[stages][mux]") {
    const Folder folder;
    TestEngine test;
    std::ofstream(folder / "a.mkv") << "mine";
    Pipeline pipeline(test.engine);
    build(pipeline, picture_branch + " ! mux " + folder / "a.mkv");
    CHECK_THROWS_AS(pipeline.prepare(), GraphError);
    run(test, picture_branch + " ! mux " + folder / "a.mkv" + " overwrite=yes");
    CHECK(counts_up(pictures(test, folder / "a.mkv")));
}

TEST_CASE("an input is never written, asked or not", "[stages][mux]") {
    const Folder folder;
    TestEngine test;
    run(test, picture_branch + " ! mux " + folder / "a.mkv");
    Pipeline pipeline(test.engine);
    build(pipeline, "demux " + folder / "a.mkv" + " ! mux " + folder / "a.mkv" + " overwrite=yes");
    CHECK_THROWS_WITH(pipeline.prepare(), Catch::Contains("reads it"));
}

TEST_CASE("what a container cannot hold is refused with stream, codec and container", "[stages][mux]") {
    const Folder folder;
    TestEngine test;
    Pipeline pipeline(test.engine);
    build(pipeline, "testsrc 64x48 frames=5 ! encode ffv1 ! mux " + folder / "a.mp4");
    CHECK_THROWS_WITH(pipeline.prepare(), Catch::Contains("in0") && Catch::Contains("ffv1") && Catch::Contains("mp4"));
}

TEST_CASE("a cancelled file is gone", "[stages][mux][lifetime]") {
    const Folder folder;
    TestEngine test;
    std::latch some(20);
    Pipeline pipeline(test.engine);
    TestsrcOptions endless;
    endless.width = 64;
    endless.height = 48;
    int count = 0;
    pipeline.add("src", testsrc(endless)) >> pipeline.add("enc", encode("mpeg4")) >>
        pipeline.add("watch", map([&](Packet packet) {
                         if (count++ < 20)
                             some.count_down();
                         return packet;
                     })) >>
        pipeline.add("out", mux(folder / "a.mkv"));
    pipeline.start();
    some.wait();
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(folder.names().empty());
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a drained file is whole up to there", "[stages][mux][lifetime]") {
    const Folder folder;
    TestEngine test;
    std::latch some(20);
    {
        Pipeline pipeline(test.engine);
        TestsrcOptions endless;
        endless.width = 64;
        endless.height = 48;
        int count = 0;
        pipeline.add("src", testsrc(endless)) >> pipeline.add("enc", encode("libx264", {{"preset", "veryfast"}})) >>
            pipeline.add("watch", map([&](Packet packet) {
                             if (count++ < 20)
                                 some.count_down();
                             return packet;
                         })) >>
            pipeline.add("out", mux(folder / "a.mp4"));
        pipeline.start();
        some.wait();
        pipeline.drain();
        pipeline.wait();
    }
    const auto shown = pictures(test, folder / "a.mp4");
    CHECK(shown.size() >= 20);
    CHECK(counts_up(shown));
}

TEST_CASE("what was written before a failure is kept as a part, and said", "[stages][mux][lifetime]") {
    const Folder folder;
    TestEngine test;
    Pipeline pipeline(test.engine);
    TestsrcOptions endless;
    endless.width = 64;
    endless.height = 48;
    int count = 0;
    pipeline.add("src", testsrc(endless)) >> pipeline.add("enc", encode("mpeg4")) >>
        pipeline.add("break", map([&](Packet packet) {
                         if (count++ == 100)
                             throw std::runtime_error("broken on purpose");
                         return packet;
                     })) >>
        pipeline.add("out", mux(folder / "a.mkv"));
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("broken on purpose"));
    CHECK(folder.names() == std::vector<std::string>{"a.partial.mkv"});
    CHECK_FALSE(test.log->find("a.partial.mkv").empty());
    const auto shown = pictures(test, folder / "a.partial.mkv");
    CHECK_FALSE(shown.empty());
    CHECK(counts_up(shown));
}

TEST_CASE("nothing in is an error and no file", "[stages][mux]") {
    const Folder folder;
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("none", source([]() -> std::optional<PooledFrame> { return std::nullopt; })) >>
        pipeline.add("enc", encode("mpeg4")) >> pipeline.add("out", mux(folder / "a.mkv"));
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("nothing came in"));
    CHECK(folder.names().empty());
}

TEST_CASE("a full disk is said with the file and the reason", "[stages][mux]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    build(pipeline, "testsrc 64x48 frames=2000 ! encode rawvideo ! mux /dev/full format=nut");
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("/dev/full") && Catch::Contains("No space left"));
}

TEST_CASE("a format that changes begins a new part with all streams, and nothing is lost", "[stages][mux][change]") {
    const Folder folder;
    TestEngine test;
    run(test, "out: mux " + folder / "a.mp4" +
                  "; testsrc 64x48 rate=25 frames=75 changes=1:128x96,2:96x64 ! encode libx264 "
                  "preset=veryfast on_change=renegotiate ! out; tone duration=3 ! encode aac ! out");
    CHECK(folder.names() == std::vector<std::string>{"a.2.mp4", "a.3.mp4", "a.mp4"});
    std::uint32_t first = 0;
    std::size_t sound_packets = 0;
    for (const char* name : {"a.mp4", "a.2.mp4", "a.3.mp4"}) {
        const auto shown = pictures(test, folder / name);
        CHECK(shown.size() == 25);
        CHECK(counts_up(shown, first));
        CHECK(shown.front().pts == 0);
        first += 25;
        const auto sound = packets(test, folder / name, "audio");
        sound_packets += sound.size();
        CHECK(std::abs(in_seconds(sound.front())) < 0.03);
    }
    CHECK(sound_packets == 3 * 48000 / 1024 + 2); // the lead-in, and the last short one
}

TEST_CASE("MPEG-TS goes on in band with a format that changes", "[stages][mux][change]") {
    const Folder folder;
    TestEngine test;
    run(test, "out: mux " + folder / "a.ts" +
                  "; testsrc 64x48 rate=25 frames=75 changes=1:128x96 ! encode libx264 "
                  "preset=veryfast on_change=renegotiate ! out; tone duration=3 ! encode aac ! out");
    CHECK(folder.names() == std::vector<std::string>{"a.ts"});
    const auto shown = pictures(test, folder / "a.ts");
    CHECK(shown.size() == 75);
    CHECK(counts_up(shown));
}

TEST_CASE("a change is an error where it was told to be", "[stages][mux][change]") {
    const Folder folder;
    TestEngine test;
    Pipeline pipeline(test.engine);
    build(pipeline,
          "testsrc 64x48 rate=25 frames=75 changes=1:128x96 ! encode libx264 preset=veryfast on_change=renegotiate ! mux " +
              folder / "a.mp4" + " on_change=fail");
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("64x48") && Catch::Contains("128x96"));
    CHECK(folder.names() == std::vector<std::string>{"a.partial.mp4"});
}

TEST_CASE("a source that begins late and jumps becomes a file that begins at 0 and goes on evenly", "[stages][mux][time]") {
    const Folder folder;
    TestEngine test;
    run(test, "out: mux " + folder / "a.ts" +
                  "; testsrc 64x48 rate=25 frames=50 ! encode mpeg2video ! out; tone duration=2 ! encode mp2 ! out");
    {
        // The same again behind it: its clock begins anew.
        std::ifstream once(folder / "a.ts", std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(once), {}};
        std::ofstream(folder / "twice.ts", std::ios::binary) << bytes << bytes;
    }
    run(test, "in: demux " + folder / "twice.ts" + "; out: mux " + folder / "b.mp4" +
                  "; in.video ! decode ! encode libx264 preset=veryfast ! out; in.audio ! decode ! encode aac ! out");
    const auto shown = pictures(test, folder / "b.mp4");
    REQUIRE(shown.size() == 100);
    for (std::size_t i = 1; i < shown.size(); ++i) {
        const double step = seconds(shown[i].pts - shown[i - 1].pts, shown[i].time_base);
        CHECK(step > 0.03);
        CHECK(step < 0.1);
    }
    const auto sound = packets(test, folder / "b.mp4", "audio");
    CHECK(in_seconds(sound.back()) == Approx(seconds(shown.back().pts, shown.back().time_base)).margin(0.15));
}
