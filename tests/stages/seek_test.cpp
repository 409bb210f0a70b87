// Going to another place in media.
#include <weir/framework/item_sink.hpp>
#include <weir/stages/decode.hpp>
#include <weir/stages/demux.hpp>
#include <weir/stages/encode.hpp>
#include <weir/stages/frame_number.hpp>
#include <weir/stages/mux.hpp>
#include <weir/stages/testsrc.hpp>
#include <weir/stages/timeline.hpp>
#include <weir/stages/tone.hpp>

#include "support/media.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>

using namespace weir;
using namespace support;
using namespace std::chrono_literals;

namespace {

/// Ten seconds, a key frame a second, pictures that refer to later ones.
std::string ten_seconds(TestEngine& test, const Folder& folder, const std::string& name) {
    run(test, "out: mux " + folder / name +
                  "; testsrc 64x48 rate=25 frames=250 ! encode libx264 preset=veryfast g=25 sc_threshold=0 bf=2 ! out; tone "
                  "duration=10 ! encode aac ! out");
    return folder / name;
}

std::uint32_t number_of(const std::optional<PooledFrame>& frame) {
    REQUIRE(frame);
    const auto number = read_frame_number(*frame);
    REQUIRE(number);
    return *number;
}

template <class Header> double begin_of(const Header& header) { return seconds(timeline_pts(header), header.time_base); }

} // namespace

TEST_CASE("a file goes on at the very picture and sound, or at the key frame before them", "[stages][seek]") {
    TestEngine test;
    const Folder folder;
    const std::string clip = ten_seconds(test, folder, GENERATE("clip.mp4", "clip.mkv", "clip.ts", "clip.nut"));
    FrameSink pictures("pictures", 4);
    SampleSink sound("sound", 1000); // a file may have it far ahead of the pictures
    Pipeline pipeline(test.engine);
    const auto in = pipeline.add("in", demux(clip));
    in["video"] >> pipeline.add("video", decode()) >> pipeline.add("pictures", pictures.stage());
    in["audio"] >> pipeline.add("audio", decode()) >> pipeline.add("sound", sound.stage());
    pipeline.start();
    CHECK(number_of(pictures.pull()) == 0);
    for (const double place : {5.0, 5.02, 2.5, 8.96, 0.0, 7.31}) {
        CAPTURE(clip, place);
        const auto time = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(place));
        pipeline.seek(time);
        const auto picture = pictures.pull();
        const std::uint32_t wanted = number_of(picture);
        // The file begins with the encoder's lead-in of the sound, one container rounds its times to milliseconds.
        CHECK(begin_of(picture->header()) <= std::max(place, 0.021) + 0.001);
        CHECK(begin_of(picture->header()) > place - 0.0405);
        if (wanted + 1 < 250)
            CHECK(number_of(pictures.pull()) == wanted + 1);
        const auto piece = sound.pull();
        REQUIRE(piece);
        CHECK(begin_of(piece->header()) <= place + 0.022); // so long is a piece
        CHECK(begin_of(piece->header()) > place - 0.022);

        pipeline.seek(time, false);
        const std::uint32_t key = number_of(pictures.pull());
        CHECK(key % 25 == 0);
        CHECK(key <= wanted);
    }
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    pictures.close();
    CHECK(test.frames_out() == 0);
}

TEST_CASE("one can go back after the file was read to its end", "[stages][seek]") {
    TestEngine test;
    const Folder folder;
    const std::string clip = ten_seconds(test, folder, "clip.mp4");
    FrameSink pictures("pictures", 300);
    Pipeline pipeline(test.engine);
    pipeline.add("in", demux(clip)) >> pipeline.add("video", decode()) >> pipeline.add("pictures", pictures.stage());
    // Its end is not the pipeline's: somebody waits for the application yet.
    PacketSource never("never");
    pipeline.add("never", never.stage()) >> pipeline.add("nowhere", sink([](Packet) {}));
    never.on_seek([](const Position&) {});
    pipeline.start();
    while (pictures.size() < 250)
        std::this_thread::yield();
    const auto demux_ended = [&] { return pipeline.snapshot().stages.front().state == "finished"; };
    while (!demux_ended())
        std::this_thread::yield();
    pipeline.seek(9s);
    for (std::uint32_t number = 225; number < 250; ++number)
        CHECK(number_of(pictures.pull()) == number);
    CHECK_FALSE(pictures.pull());
    never.end();
    pipeline.wait();
}

TEST_CASE("what writes a file refuses to go elsewhere, and so does what cannot be read twice", "[stages][seek]") {
    TestEngine test;
    const Folder folder;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 64, .height = 48})) >> pipeline.add("encode", encode("rawvideo")) >>
        pipeline.add("out", mux(folder / "out.nut"));
    pipeline.start();
    CHECK_THROWS_WITH(pipeline.seek(1s), Catch::Contains("cannot seek: out: what it has written"));
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
}

TEST_CASE("sources of test pictures and tones begin where they are told", "[stages][seek]") {
    TestEngine test;
    FrameSink pictures("pictures", 2);
    SampleSink sound("sound", 2);
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 64, .height = 48, .rate = {30000, 1001}})) >>
        pipeline.add("pictures", pictures.stage());
    pipeline.add("tone", tone({.rate = 48000})) >> pipeline.add("sound", sound.stage());
    pipeline.start();
    pipeline.seek(1s);
    CHECK(number_of(pictures.pull()) == 29); // 0.9676 to 1.001 s
    const auto piece = sound.pull();
    REQUIRE(piece);
    CHECK(piece->header().pts == 48000);
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
}

TEST_CASE("a transcoding runs again", "[stages][seek]") {
    TestEngine test;
    const Folder folder;
    const std::string clip = ten_seconds(test, folder, "clip.mkv");
    std::uint32_t pictures = 0;
    Pipeline pipeline(test.engine);
    pipeline.add("in", demux(clip)) >> pipeline.add("video", decode()) >>
        pipeline.add("count", sink([&](PooledFrame frame) { pictures += read_frame_number(frame) == pictures; }));
    pipeline.run();
    CHECK(pictures == 250);
    pictures = 0;
    pipeline.run();
    CHECK(pictures == 250);
    Pipeline copy(test.engine);
    copy.add("in", demux(clip)) >> copy.add("out", mux(folder / "copy.mkv"));
    copy.run();
    CHECK_THROWS_WITH(copy.run(), Catch::Contains("exists already"));
}
