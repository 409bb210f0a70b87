// How stages of the application's bytes end.
#include <weir/stages/mux.hpp>

#include "support/bytes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <latch>
#include <thread>

using namespace weir;
using namespace support;
using namespace std::chrono_literals;

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
    pipeline.add("in", demux(source, {.probe_bytes = 5000})) >> pipeline.add("sink", sink([](Packet) {}));
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
