#include <weir/stages/av.hpp>

#include "support/media.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace support;

namespace {

/// Two seconds of picture and sound.
std::string clip(TestEngine& test, const Folder& folder, const std::string& name) {
    run(test, "out: mux " + folder / name +
                  "; testsrc 64x48 rate=25 frames=50 ! encode mpeg4 ! out; "
                  "tone duration=2 ! encode aac ! out");
    return folder / name;
}

} // namespace

TEST_CASE("a port that is not there is refused with those that are", "[stages][demux]") {
    const Folder folder;
    TestEngine test;
    const std::string file = clip(test, folder, "a.mkv");
    Pipeline pipeline(test.engine);
    build(pipeline, "in: demux " + file + "; in.subtitle ! null");
    CHECK_THROWS_WITH(pipeline.prepare(), Catch::Contains("'subtitle'") && Catch::Contains("video0, audio0"));
}

TEST_CASE("a kind without a number is the best of its kind, and no name at all the video", "[stages][demux]") {
    const Folder folder;
    TestEngine test;
    const std::string file = clip(test, folder, "a.mkv");
    CHECK(packets(test, file, "video").size() == 50);
    CHECK(packets(test, file, "").size() == 50);
    CHECK(packets(test, file, "audio").front().format->codec == "aac");
}

TEST_CASE("a file that does not exist or is no media fails with its name", "[stages][demux]") {
    const Folder folder;
    TestEngine test;
    std::ofstream(folder / "text.mp4") << "this is no media";
    CHECK_THROWS_WITH(packets(test, folder / "none.mp4", ""), Catch::Contains("none.mp4") && Catch::Contains("No such file"));
    CHECK_THROWS_WITH(packets(test, folder / "text.mp4", ""), Catch::Contains("text.mp4"));
}

TEST_CASE("an option that the container does not have is refused", "[stages][demux]") {
    const Folder folder;
    TestEngine test;
    const std::string file = clip(test, folder, "a.mkv");
    DemuxOptions options;
    options.format_options["no_such_thing"] = "1";
    CHECK_THROWS_WITH(packets(test, file, "", options), Catch::Contains("no_such_thing"));
}

TEST_CASE("times are the file's own, and where it begins is told beside them", "[stages][demux][time]") {
    const Folder folder;
    TestEngine test;
    run(test, "out: mux " + folder / "a.ts" + " start=keep; testsrc 64x48 rate=25 frames=50 ! encode mpeg2video ! out");
    const auto as_in_file = packets(test, folder / "a.ts", "");
    DemuxOptions options;
    options.timestamps = DemuxOptions::Timestamps::continuous;
    const auto continuous = packets(test, folder / "a.ts", "", options);
    REQUIRE(as_in_file.size() == continuous.size());
    CHECK(continuous.front().pts == 0);
    for (std::size_t i = 0; i < continuous.size(); ++i)
        CHECK(timeline_pts(as_in_file[i]) == continuous[i].pts);
    CHECK(as_in_file.front().format->time_base == Rational{1, 90000});
}

TEST_CASE("a playlist does not reach files, unless it is allowed to", "[stages][demux][hostile]") {
    const Folder folder;
    TestEngine test;
    run(test, "testsrc 64x48 rate=25 frames=25 ! encode mpeg2video ! mux " + folder / "seg0.ts");
    std::ofstream(folder / "list.m3u8") << "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nseg0.ts\n#EXT-X-ENDLIST\n";
    CHECK_THROWS_WITH(packets(test, folder / "list.m3u8", ""), Catch::Contains("list.m3u8"));
    DemuxOptions options;
    options.protocols = "file";
    CHECK(packets(test, folder / "list.m3u8", "", options).size() == 25);
}

TEST_CASE("a stream that has nothing for a while does not keep the others waiting", "[stages][demux][mux]") {
    const Folder folder;
    TestEngine test;
    // Sound for the first of ten seconds: without gaps the muxer's other link would grow with the rest.
    run(test, "out: mux " + folder / "a.mkv" +
                  "; testsrc 64x48 rate=25 frames=250 ! encode mpeg4 ! out; "
                  "tone duration=1 ! encode aac ! out");
    Pipeline pipeline(test.engine);
    build(pipeline, "in: demux " + folder / "a.mkv" + "; out: mux " + folder / "b.mkv" + "; in.video ! out; in.audio ! out");
    pipeline.run();
    CHECK(overflows(test, pipeline) == 0);
    CHECK(packets(test, folder / "b.mkv", "video").size() == 250);
}

TEST_CASE("several branches of one port get the same packets", "[stages][demux]") {
    const Folder folder;
    TestEngine test;
    const std::string file = clip(test, folder, "a.mkv");
    run(test, "in: demux " + file + "; in.video ! mux " + folder / "b.mkv" + "; in.video ! mux " + folder / "c.mkv");
    CHECK(packets(test, folder / "b.mkv", "").size() == 50);
    CHECK(packets(test, folder / "c.mkv", "").size() == 50);
}
