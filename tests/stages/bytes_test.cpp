// Media from the application's bytes and to them: what goes through.
#include <weir/stages/mux.hpp>

#include "support/bytes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <thread>

using namespace weir;
using namespace support;
using namespace std::chrono_literals;

TEST_CASE("pictures that went through bytes in memory are those that went straight", "[stages][bytes]") {
    const Folder folder;
    TestEngine test;
    const std::string format = GENERATE("mpegts", "matroska", "nut", "mp4", "flv");
    ByteSink sink("between", 3000);
    ByteSource source("between", 2000);
    Pipeline writing(test.engine);
    // One encoder for both: x264 does not give the same bytes each time on every machine.
    const auto packets = add_pictures(writing, 60);
    packets >> writing.add("out", mux(sink, format));
    packets >> writing.add("decode", decode()) >> writing.add("hash", framehash({.target = folder / "direct"}));
    writing.start();
    std::size_t passed_on = 0;
    std::jthread application([&] {
        std::array<std::byte, 700> piece{};
        while (const std::size_t count = sink.pull(piece))
            passed_on += source.push(std::span(piece).first(count));
        source.finish();
    });
    const std::string there = hashes(test, demux(source), folder, "through");
    writing.wait();
    application.join();
    CHECK(sink.whole());
    CHECK(passed_on > 0);
    // Times differ by the container's time base and start; the pictures and their order do not.
    const auto without_times = [](std::string list) {
        std::string result;
        for (std::size_t at = 0; at < list.size(); at = list.find('\n', at) + 1)
            result += list.substr(list.find(',', at), list.find('\n', at) - list.find(',', at) + 1);
        return result;
    };
    const std::string direct = text_of_file(folder / "direct");
    CHECK(std::count(direct.begin(), direct.end(), '\n') == 60);
    CHECK(without_times(there) == without_times(direct));
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a file from memory gives what it gives from the disk, pushed or pulled in whatever pieces", "[stages][bytes]") {
    const Folder folder;
    TestEngine test;
    const std::string format = GENERATE("mpegts", "matroska", "flv");
    const Bytes bytes = clip(test, format);
    std::ofstream(folder / "file", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const std::string expected = hashes(test, demux(folder / "file"), folder, "expected");
    const std::size_t at_once = GENERATE(1u, 188u, 100'000u);
    SECTION("pushed") {
        ByteSource source("clip", 4096);
        std::jthread application([&] { push_all(source, bytes, at_once); });
        CHECK(hashes(test, demux(source), folder, "pushed") == expected);
    }
    SECTION("pulled") {
        std::size_t at = 0;
        const auto reader = byte_reader([&](std::span<std::byte> into) {
            const std::size_t count = std::min({at_once, into.size(), bytes.size() - at});
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, into.begin());
            at += count;
            return count;
        });
        CHECK(hashes(test, demux(reader), folder, "pulled") == expected);
    }
    CHECK(test.frames_out() == 0);
}

TEST_CASE("an MP4 whose index is at the end is read from memory, and refused from a stream with what to do",
          "[stages][bytes]") {
    const Folder folder;
    TestEngine test;
    // Longer than all that is buffered on the way.
    run(test, "testsrc 640x480 frames=100 ! encode mpeg4 b=8M ! mux " + folder / "clip.mp4");
    const Bytes bytes = bytes_of_file(folder / "clip.mp4");
    REQUIRE(bytes.size() > 300'000);
    const auto find = [&bytes](std::string_view what) {
        return std::search(bytes.begin(), bytes.end(), what.begin(), what.end(),
                           [](std::byte a, char b) { return a == static_cast<std::byte>(b); });
    };
    REQUIRE(find("mdat") < find("moov"));
    const std::string list = hashes(test, demux(std::make_shared<MemoryReader>(bytes, "clip.mp4")), folder, "list");
    CHECK(std::count(list.begin(), list.end(), '\n') == 100);
    ByteSource source("clip.mp4");
    std::jthread application([&] { push_all(source, bytes, 5000); });
    Pipeline pipeline(test.engine);
    pipeline.add("upload", demux(source)) >> pipeline.add("null", sink([](Packet) {}));
    CHECK_THROWS_WITH(pipeline.prepare(), Catch::Contains("upload") && Catch::Contains("ByteReader that can seek"));
    CHECK(source.closed());
}

TEST_CASE("an MP4 is patched in memory that can seek, and fragmented where one cannot", "[stages][bytes]") {
    const Folder folder;
    TestEngine test;
    const auto writer = std::make_shared<MemoryWriter>(1'000'000);
    Pipeline pipeline(test.engine);
    ByteSink stream("stream");
    const bool seekable = GENERATE(true, false);
    add_pictures(pipeline, 50) >> pipeline.add("out", seekable ? mux(writer, "mp4") : mux(stream, "mp4"));
    pipeline.start();
    const Bytes bytes = seekable ? Bytes() : pull_all(stream);
    pipeline.wait();
    const Bytes file = seekable ? writer->take() : bytes;
    CHECK((seekable ? writer->whole() : stream.whole()));
    const std::string text(reinterpret_cast<const char*>(file.data()), file.size());
    CHECK((text.find("moof") == std::string::npos) == seekable);
    const std::string list = hashes(test, demux(std::make_shared<MemoryReader>(file)), folder, "list");
    CHECK(std::count(list.begin(), list.end(), '\n') == 50);
}

TEST_CASE("a container that must go back is refused or fails where one cannot, with what to do", "[stages][bytes]") {
    TestEngine test;
    ByteSink sink("stream");
    const auto refused = [&](const std::string& format, std::map<std::string, std::string> options) {
        Pipeline pipeline(test.engine);
        MuxOptions with;
        with.format_options = std::move(options);
        add_pictures(pipeline, 5) >> pipeline.add("out", mux(sink, format, with));
        try {
            pipeline.run();
        } catch (const std::exception& error) {
            return std::string(error.what());
        }
        return std::string("nothing");
    };
    SECTION("flags that the user gave") {
        CHECK_THAT(refused("mp4", {{"movflags", "rtphint"}}),
                   Catch::Contains("out: movflags") && Catch::Contains("empty_moov"));
    }
    SECTION("faststart") { CHECK_THAT(refused("mov", {{"movflags", "faststart"}}), Catch::Contains("faststart")); }
    SECTION("files of its own") { CHECK_THAT(refused("hls", {}), Catch::Contains("out: ") && Catch::Contains("hls")); }
    SECTION("no container") { CHECK_THAT(refused("matrosk", {}), Catch::Contains("did you mean 'matroska'")); }
    SECTION("nothing said") { CHECK_THAT(refused("", {}), Catch::Contains("format=")); }
    CHECK(sink.ended() == EndReason::cancelled); // it never ran
}

TEST_CASE("bytes that are no media fail with the stage's name, and let who pushes them go", "[stages][bytes]") {
    TestEngine test;
    ByteSource source("upload", 1000);
    std::jthread application([&] {
        const Bytes garbage(10'000'000, std::byte{0x5a});
        push_all(source, garbage, 10'000);
    });
    Pipeline pipeline(test.engine);
    pipeline.add("in", demux(source)) >> pipeline.add("sink", sink([](Packet) {}));
    CHECK_THROWS_WITH(pipeline.start(), Catch::StartsWith("in: 'bytes:upload'"));
    application.join();
    CHECK(source.closed());
}

TEST_CASE("opening a source that gets nothing ends after its time, or when the application gives up", "[stages][bytes]") {
    TestEngine test;
    ByteSource source("upload");
    Pipeline pipeline(test.engine);
    DemuxOptions options;
    SECTION("time") {
        options.open_timeout = 0.01;
        pipeline.add("in", demux(source, options)) >> pipeline.add("sink", sink([](Packet) {}));
        CHECK_THROWS_WITH(pipeline.prepare(), Catch::Contains("open_timeout"));
    }
    SECTION("nothing at all") {
        source.finish();
        pipeline.add("in", demux(source, options)) >> pipeline.add("sink", sink([](Packet) {}));
        CHECK_THROWS_WITH(pipeline.prepare(), Catch::StartsWith("in: "));
    }
    SECTION("fail") {
        std::jthread application([&] { source.fail("the client went away"); });
        pipeline.add("in", demux(source, options)) >> pipeline.add("sink", sink([](Packet) {}));
        CHECK_THROWS_WITH(pipeline.prepare(), "in: the client went away");
    }
    SECTION("a handle that is let go of") {
        pipeline.add("in", demux(std::exchange(source, ByteSource("other")), options)) >>
            pipeline.add("sink", sink([](Packet) {}));
        CHECK_THROWS_WITH(pipeline.prepare(), Catch::Contains("in: ") && Catch::Contains("without finish()"));
    }
}

TEST_CASE("a container that opens its input itself is refused for bytes", "[stages][bytes]") {
    TestEngine test;
    DemuxOptions options;
    options.format = GENERATE("rtsp", "image2");
    Pipeline pipeline(test.engine);
    pipeline.add("in", demux(std::make_shared<MemoryReader>(Bytes(100)), options)) >> pipeline.add("sink", sink([](Packet) {}));
    CHECK_THROWS_WITH(pipeline.prepare(), Catch::Contains("in: format") && Catch::Contains("opens its input itself"));
}

TEST_CASE("bytes from the application open no files", "[stages][bytes][hostile]") {
    const Folder folder;
    TestEngine test;
    run(test, "testsrc 64x48 frames=5 ! encode mpeg4 ! mux " + folder / "secret.ts");
    const std::string list = "ffconcat version 1.0\nfile '" + folder / "secret.ts" + "'\n";
    const std::string play = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + folder / "secret.ts" + "\n#EXT-X-ENDLIST\n";
    for (const std::string& text : {list, play}) {
        const auto bytes = std::as_bytes(std::span(text));
        DemuxOptions options;
        options.format = &text == &list ? "" : "hls";
        Pipeline pipeline(test.engine);
        pipeline.add("in", demux(std::make_shared<MemoryReader>(Bytes(bytes.begin(), bytes.end())), options)) >>
            pipeline.add("sink", sink([](Packet) {}));
        CHECK_THROWS_WITH(pipeline.prepare(), Catch::StartsWith("in: "));
    }
}
