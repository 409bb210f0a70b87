// Media from the application's bytes and to them.
#include <weir/stages/encode.hpp>
#include <weir/stages/framehash.hpp>
#include <weir/stages/mux.hpp>
#include <weir/stages/scale.hpp>
#include <weir/stages/testsrc.hpp>

#include "support/media.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <latch>
#include <thread>

using namespace weir;
using namespace support;
using namespace std::chrono_literals;

namespace {

using Bytes = std::vector<std::byte>;

std::string text_of_file(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Bytes bytes_of_file(const std::string& name) {
    const std::string text = text_of_file(name);
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

/// Two seconds of picture, and of sound.
Bytes clip(TestEngine& test, const std::string& format, const std::string& options = {}) {
    const Folder folder;
    run(test,
        "out: mux " + folder / "clip" + " format=" + format + " " + options +
            "; testsrc 64x48 rate=25 frames=50 ! encode libx264 preset=veryfast ! out; tone duration=2 ! encode aac ! out");
    return bytes_of_file(folder / "clip");
}

/// Hashes of the pictures of some input.
std::string hashes(TestEngine& test, std::unique_ptr<StageDefinition> input, const Folder& folder, const std::string& name) {
    Pipeline pipeline(test.engine);
    pipeline.add("in", std::move(input)) >> pipeline.add("decode", decode()) >>
        pipeline.add("hash", framehash({.target = folder / name}));
    pipeline.run();
    return text_of_file(folder / name);
}

/// Pushes them all, so many at once.
void push_all(ByteSource& source, std::span<const std::byte> bytes, std::size_t at_once) {
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(at_once, bytes.size())))
        if (source.push(bytes.first(std::min(at_once, bytes.size()))) == 0)
            return;
    source.finish();
}

/// Everything until the end.
Bytes pull_all(ByteSink& sink) {
    Bytes bytes;
    std::array<std::byte, 5000> piece{};
    while (const std::size_t count = sink.pull(piece))
        bytes.insert(bytes.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    return bytes;
}

/// Pictures into an encoder; without an end if there are no frames.
AnyStage add_pictures(Pipeline& pipeline, std::int64_t frames) {
    return pipeline.add("src", testsrc({.width = 64, .height = 48, .frames = frames})) >>
           pipeline.add("encode", encode("libx264", {{"preset", "veryfast"}, {"threads", "1"}}));
}

void until_state(const Pipeline& pipeline, const std::string& stage, const std::string& state) {
    for (;;) {
        for (const StageSnapshot& s : pipeline.snapshot().stages)
            if (s.name == stage && s.state.find(state) != std::string::npos)
                return;
        std::this_thread::yield();
    }
}

} // namespace

TEST_CASE("pictures that went through bytes in memory are those that went straight", "[stages][bytes]") {
    const Folder folder;
    TestEngine test;
    const std::string format = GENERATE("mpegts", "matroska", "nut", "mp4", "flv");
    {
        Pipeline pipeline(test.engine);
        add_pictures(pipeline, 60) >> pipeline.add("decode", decode()) >>
            pipeline.add("hash", framehash({.target = folder / "direct"}));
        pipeline.run();
    }
    ByteSink sink("between", 3000);
    ByteSource source("between", 2000);
    Pipeline writing(test.engine);
    add_pictures(writing, 60) >> writing.add("out", mux(sink, format));
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
    CHECK(std::count(list.begin(), list.end(), '\n') == 50);
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

TEST_CASE("a source that fails in the middle fails the stage with the application's own error", "[stages][bytes]") {
    struct BrokenOff : std::runtime_error {
        using std::runtime_error::runtime_error;
    };
    TestEngine test;
    const std::string format = GENERATE("mpegts", "matroska", "flv");
    const Bytes bytes = clip(test, format);
    const auto half = std::span(bytes).first(bytes.size() / 2);
    std::size_t got = 0;
    Pipeline pipeline(test.engine);
    std::jthread application;
    auto source = std::make_unique<ByteSource>("upload", 2000);
    SECTION("pushed") {
        application = std::jthread([&] {
            static_cast<void>(source->push(half));
            source->fail(std::make_exception_ptr(BrokenOff("the client went away")));
        });
        pipeline.add("in", demux(*source));
    }
    SECTION("pulled") {
        pipeline.add("in", demux(byte_reader([half, at = std::size_t{0}](std::span<std::byte> into) mutable {
                         if (at == half.size())
                             throw BrokenOff("the client went away");
                         const std::size_t count = std::min(into.size(), half.size() - at);
                         std::copy_n(half.begin() + static_cast<std::ptrdiff_t>(at), count, into.begin());
                         at += count;
                         return count;
                     })));
    }
    const AnyStage in(pipeline.impl(), 0);
    in >> pipeline.add("sink", sink([&got](Packet) { ++got; }));
    try {
        pipeline.run();
        FAIL("it did not fail");
    } catch (const Error& error) {
        CHECK(error.stage() == "in");
        CHECK(error.message() == "the client went away");
        CHECK_THROWS_AS(std::rethrow_exception(error.cause()), BrokenOff);
    }
    CHECK(got < 50);
}

TEST_CASE("a stream that ends in the middle of a packet is damaged, not failed", "[stages][bytes]") {
    TestEngine test;
    const Bytes bytes = clip(test, "matroska");
    ByteSource source("upload");
    std::size_t got = 0;
    Pipeline pipeline(test.engine);
    pipeline.add("in", demux(source)) >> pipeline.add("sink", sink([&got](Packet) { ++got; }));
    std::jthread application([&] { push_all(source, std::span(bytes).first(bytes.size() - 1000), 700); });
    pipeline.run();
    CHECK(got > 20);
}

TEST_CASE("who pushes is let go when the pipeline is cancelled, drained, or wants no more", "[stages][bytes]") {
    TestEngine test;
    const Bytes bytes = clip(test, "mpegts");
    ByteSource source("upload", 1000);
    std::jthread application([&] {
        for (;;) // without an end
            if (source.push(bytes) < bytes.size())
                return;
    });
    Pipeline pipeline(test.engine);
    std::latch some(1);
    std::size_t got = 0;
    bool cancelled = false;
    SECTION("cancelled while it is read") {
        cancelled = true;
        pipeline.add("in", demux(source)) >> pipeline.add("sink", sink([&](Packet) {
                                                              if (++got == 10)
                                                                  some.count_down();
                                                          }));
        pipeline.start();
        some.wait();
        pipeline.cancel();
    }
    SECTION("drained") {
        pipeline.add("in", demux(source)) >> pipeline.add("sink", sink([&](Packet) {
                                                              if (++got == 10)
                                                                  some.count_down();
                                                          }));
        pipeline.start();
        some.wait();
        pipeline.drain();
    }
    SECTION("nobody reads") {
        pipeline.add("in", demux(source)) >> pipeline.add("sink", [&](Input<Packet> in) -> Process { co_await in.next(); });
        pipeline.start();
    }
    if (cancelled)
        CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    else
        pipeline.wait();
    application.join();
    CHECK(source.closed());
}

TEST_CASE("a source that waits for the application ends at once when it is cancelled", "[stages][bytes]") {
    TestEngine test;
    const Bytes bytes = clip(test, "mpegts");
    ByteSource source("upload");
    Pipeline pipeline(test.engine);
    pipeline.add("in", demux(source)) >> pipeline.add("sink", sink([](Packet) {}));
    std::jthread application([&] { static_cast<void>(source.push(bytes)); });
    pipeline.start();
    application.join();
    until_state(pipeline, "sink", "waiting for input");
    while (source.size() > 0)
        std::this_thread::yield();
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(source.closed());
}

TEST_CASE("a sink that nobody pulls from makes the pipeline wait, and a cancel ends that", "[stages][bytes]") {
    TestEngine test;
    ByteSink sink("download", 1000);
    Pipeline pipeline(test.engine);
    add_pictures(pipeline, 0) >> pipeline.add("out", mux(sink, "mpegts"));
    pipeline.start();
    while (sink.size() < sink.capacity())
        std::this_thread::yield();
    std::array<std::byte, 100> piece{};
    CHECK(sink.pull(piece) == 100);
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(sink.pull(piece) == 0);
    CHECK(sink.ended() == EndReason::cancelled);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a drained pipeline ends its sink with a whole stream", "[stages][bytes]") {
    const Folder folder;
    TestEngine test;
    ByteSink sink("download", 10'000);
    Pipeline pipeline(test.engine);
    add_pictures(pipeline, 0) >> pipeline.add("out", mux(sink, "mp4"));
    pipeline.start();
    Bytes bytes(20'000);
    std::size_t count = 0;
    while (count < bytes.size())
        count += sink.pull(std::span(bytes).subspan(count));
    pipeline.drain();
    const Bytes rest = pull_all(sink);
    pipeline.wait();
    CHECK(sink.ended() == EndReason::drained);
    CHECK(sink.whole());
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    CHECK_FALSE(hashes(test, demux(std::make_shared<MemoryReader>(bytes)), folder, "list").empty());
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a pipeline that fails ends its sink as failed", "[stages][bytes]") {
    TestEngine test;
    ByteSink sink("download");
    const auto memory = std::make_shared<MemoryWriter>(1'000'000);
    const bool pulled = GENERATE(true, false);
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 64, .height = 48, .frames = 100})) >>
        pipeline.add("fail", map([](PooledFrame frame) {
                         if (frame.header().pts == 60)
                             throw std::runtime_error("on purpose");
                         return frame;
                     })) >>
        pipeline.add("encode", encode("mpeg4")) >> pipeline.add("out", pulled ? mux(sink, "mpegts") : mux(memory, "mpegts"));
    pipeline.start();
    if (pulled)
        pull_all(sink);
    CHECK_THROWS_WITH(pipeline.wait(), Catch::Contains("on purpose"));
    CHECK((pulled ? sink.ended() : memory->ended()) == EndReason::failed);
    CHECK_FALSE((pulled ? sink.whole() : memory->whole()));
    CHECK(test.frames_out() == 0);
}

TEST_CASE("an application that wants no more ends the pipeline, one that vanishes fails it", "[stages][bytes]") {
    TestEngine test;
    auto sink = std::make_unique<ByteSink>("download", 1000);
    Pipeline pipeline(test.engine);
    add_pictures(pipeline, 0) >> pipeline.add("out", mux(*sink, "mpegts"));
    pipeline.start();
    std::array<std::byte, 100> piece{};
    CHECK(sink->pull(piece) == 100);
    SECTION("closed") {
        sink->close();
        pipeline.wait();
        CHECK(sink->ended() == EndReason::cancelled);
    }
    SECTION("vanished") {
        sink.reset();
        CHECK_THROWS_WITH(pipeline.wait(), Catch::StartsWith("out: ") && Catch::Contains("before its end"));
    }
    CHECK(test.frames_out() == 0);
}

TEST_CASE("an application's writer that throws, or wants no more, ends the pipeline accordingly", "[stages][bytes]") {
    TestEngine test;
    std::size_t got = 0;
    const bool throws = GENERATE(true, false);
    const auto writer = byte_writer([&got, throws](std::span<const std::byte> bytes) {
        got += bytes.size();
        if (got > 5000 && throws)
            throw std::runtime_error("the disk of the cloud is full");
        return got <= 5000;
    });
    const std::string format = GENERATE("mpegts", "matroska", "mp4", "nut");
    Pipeline pipeline(test.engine);
    add_pictures(pipeline, 0) >> pipeline.add("out", mux(writer, format));
    if (throws)
        CHECK_THROWS_WITH(pipeline.run(), "out: the disk of the cloud is full");
    else
        pipeline.run();
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a memory output that is too small fails its stage", "[stages][bytes]") {
    TestEngine test;
    const auto writer = std::make_shared<MemoryWriter>(5000, "result");
    Pipeline pipeline(test.engine);
    add_pictures(pipeline, 0) >> pipeline.add("out", mux(writer, "mpegts"));
    CHECK_THROWS_WITH(pipeline.run(), Catch::StartsWith("out: result: more than the 5000 bytes"));
    CHECK(writer->ended() == EndReason::failed);
}

TEST_CASE("the application may let go of its ends before the pipeline, or keep them after it", "[stages][bytes]") {
    TestEngine test;
    const Bytes bytes = clip(test, "mpegts");
    std::size_t got = 0;
    auto source = std::make_unique<ByteSource>("upload", bytes.size());
    auto sink = std::make_unique<ByteSink>("download");
    {
        Pipeline pipeline(test.engine);
        pipeline.add("in", demux(*source)) >> pipeline.add("out", mux(*sink, "mpegts"));
        CHECK(source->try_push(bytes) == bytes.size()); // all that there is, from this very thread
        source->finish();
        source.reset();
        pipeline.start();
        got = pull_all(*sink).size();
        pipeline.wait();
    }
    CHECK(got > 0);
    CHECK(sink->whole());
    sink->close();
    sink.reset();
}

TEST_CASE("a source and a sink serve one stage each", "[stages][bytes]") {
    ByteSource source("upload");
    ByteSink sink("download");
    const auto first = demux(source);
    const auto last = mux(sink, "mpegts");
    CHECK_THROWS_WITH(demux(source), Catch::Contains("'upload'"));
    CHECK_THROWS_WITH(mux(sink, "mpegts"), Catch::Contains("'download'"));
}

TEST_CASE("a stage of bytes that failed is not made anew on the rest of them", "[stages][bytes]") {
    TestEngine test;
    const Bytes bytes = clip(test, "mpegts");
    ByteSource source("upload", bytes.size());
    CHECK(source.try_push(bytes) == bytes.size());
    source.fail("the client went away");
    Pipeline pipeline(test.engine);
    const auto in = pipeline.add("in", demux(source, {.probe_bytes = 20'000}),
                                 {.on_error = ErrorPolicy::restart(2, std::chrono::milliseconds(1))});
    in >> pipeline.add("sink", sink([](Packet) {}));
    CHECK_THROWS_WITH(pipeline.run(), Catch::StartsWith("in: "));
}
