// The application's bytes: the ends that it holds, and the ends that a stage has.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <numeric>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;
using support::TestEngine;

namespace {

std::vector<std::byte> counting(std::size_t count) {
    std::vector<std::byte> bytes(count);
    for (std::size_t i = 0; i < count; ++i)
        bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
    return bytes;
}

std::span<const std::byte> bytes_of(const char* text) { return std::as_bytes(std::span(text, std::strlen(text))); }

std::string text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Reads to the end, so many bytes at once.
std::vector<std::byte> read_all(ByteReader& reader, std::size_t at_once) {
    std::vector<std::byte> result;
    std::vector<std::byte> piece(at_once);
    while (const std::size_t count = reader.read(piece, {}))
        result.insert(result.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    return result;
}

} // namespace

TEST_CASE("bytes come out of a source in order, whatever the sizes of pushes and reads", "[framework][bytes]") {
    const std::size_t capacity = GENERATE(1u, 7u, 64u, 100'000u);
    const std::size_t at_once = GENERATE(1u, 5u, 64u, 4096u);
    const std::vector<std::byte> sent = counting(10'000);
    ByteSource source("numbers", capacity);
    const auto reader = source.reader();
    std::size_t pushed = 0;
    std::jthread application([&] {
        for (std::size_t at = 0, size = 1; at < sent.size(); at += size, size = size * 3 % 101 + 1)
            pushed += source.push(std::span(sent).subspan(at, std::min(size, sent.size() - at)));
        source.finish();
    });
    const auto got = read_all(*reader, at_once);
    application.join();
    CHECK(pushed == sent.size());
    CHECK(got == sent);
    CHECK(source.closed());
}

TEST_CASE("a source that is full takes what there is room for and says how much", "[framework][bytes]") {
    ByteSource source("numbers", 8);
    const auto reader = source.reader();
    std::atomic<int> told{0};
    source.on_room([&told] { ++told; });
    CHECK(source.try_push(counting(5)) == 5);
    CHECK(source.try_push(counting(5)) == 3);
    CHECK(source.try_push(counting(5)) == 0);
    CHECK(source.push(counting(5), 1ms) == 0);
    CHECK(source.size() == 8);
    CHECK_FALSE(source.closed());
    CHECK(told == 0);
    std::array<std::byte, 3> piece{};
    CHECK(reader->read(piece, {}) == 3);
    CHECK(told == 1);
    CHECK(source.push(counting(5), 1ms) == 3);
    reader->close();
    CHECK(told == 2);
    CHECK(source.closed());
    CHECK(source.push(counting(1)) == 0);
}

TEST_CASE("a reader that waits for bytes is let go by its stop token and by its deadline", "[framework][bytes]") {
    ByteSource source("numbers", 8);
    const auto reader = source.reader();
    std::array<std::byte, 4> piece{};
    CHECK(reader->read(piece, {{}, std::chrono::steady_clock::now() + 1ms}) == 0);
    std::stop_source stop;
    std::jthread stopper([&stop] { stop.request_stop(); });
    CHECK(reader->read(piece, {stop.get_token()}) == 0);
    CHECK_FALSE(source.closed());
}

TEST_CASE("what was pushed before a failure is read before it", "[framework][bytes]") {
    ByteSource source("numbers", 8);
    const auto reader = source.reader();
    CHECK(source.try_push(bytes_of("abc")) == 3);
    source.fail("the upload broke off");
    source.finish(); // too late
    CHECK(source.try_push(bytes_of("d")) == 0);
    std::array<std::byte, 8> piece{};
    CHECK(reader->read(piece, {}) == 3);
    CHECK_THROWS_WITH(static_cast<void>(reader->read(piece, {})), "the upload broke off");
}

TEST_CASE("an application that lets go of its source without a word has failed", "[framework][bytes]") {
    auto source = std::make_unique<ByteSource>("upload", 8);
    const auto reader = source->reader();
    auto copy = std::make_unique<ByteSource>(*source);
    source.reset();
    CHECK(copy->try_push(bytes_of("abc")) == 3); // a copy is the same source
    copy.reset();
    std::array<std::byte, 8> piece{};
    CHECK(reader->read(piece, {}) == 3);
    CHECK_THROWS_WITH(static_cast<void>(reader->read(piece, {})), Catch::Contains("'upload' without finish()"));
}

TEST_CASE("a source has one reader, and one that is thrown away lets pushers go", "[framework][bytes]") {
    ByteSource source("upload", 1);
    auto reader = source.reader();
    CHECK_THROWS_AS(source.reader(), GraphError);
    CHECK_FALSE(source.closed());
    CHECK(source.try_push(counting(1)) == 1);
    std::size_t pushed = 1;
    std::jthread pusher([&] { pushed = source.push(counting(10)); });
    reader.reset();
    pusher.join();
    CHECK(pushed == 0);
    CHECK(source.closed());
}

TEST_CASE("what a callback of a source refers to is let go when the stage is done with it", "[framework][bytes]") {
    auto alive = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = alive;
    {
        ByteSource source("upload", 8);
        source.on_room([source, alive = std::move(alive)] { ++*alive; }); // a handle to the source itself, too
        source.reader()->close();
        CHECK(watched.expired());
    }
}

TEST_CASE("a sink gives what was written, and says that it was all", "[framework][bytes]") {
    const std::size_t capacity = GENERATE(1u, 7u, 100'000u);
    const std::vector<std::byte> sent = counting(10'000);
    ByteSink sink("download", capacity);
    const auto writer = sink.writer();
    CHECK_THROWS_AS(sink.writer(), GraphError);
    bool wants_more = false;
    std::jthread stage([&] {
        wants_more = writer->write(sent, {});
        writer->end(EndReason::finished);
    });
    std::vector<std::byte> got;
    std::array<std::byte, 100> piece{};
    while (const std::size_t count = sink.pull(piece))
        got.insert(got.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    stage.join();
    CHECK(wants_more);
    CHECK(got == sent);
    CHECK(sink.ended() == EndReason::finished);
    CHECK(sink.whole());
    CHECK_THROWS_WITH(writer->write(sent, {}), Catch::Contains("written once"));
}

TEST_CASE("after an error or a cancel a sink gives nothing more and is not whole", "[framework][bytes]") {
    const EndReason reason = GENERATE(EndReason::failed, EndReason::cancelled);
    ByteSink sink("download", 8);
    const auto writer = sink.writer();
    int told = 0;
    sink.on_bytes([&told] { ++told; });
    CHECK(writer->write(bytes_of("abc"), {}));
    CHECK(told == 1);
    CHECK_FALSE(sink.ended());
    writer->end(reason);
    writer->end(EndReason::finished); // too late
    CHECK(told == 2);
    std::array<std::byte, 8> piece{};
    CHECK(sink.try_pull(piece) == 0);
    CHECK(sink.pull(piece) == 0);
    CHECK(sink.ended() == reason);
    CHECK_FALSE(sink.whole());
}

TEST_CASE("pulling bytes gives up after its time, and says that the stream has not ended", "[framework][bytes]") {
    ByteSink sink("download", 8);
    const auto writer = sink.writer();
    std::array<std::byte, 8> piece{};
    CHECK(sink.try_pull(piece) == 0);
    CHECK(sink.pull(piece, 1ms) == 0);
    CHECK_FALSE(sink.ended());
    CHECK(writer->write(bytes_of("abc"), {}));
    CHECK(sink.pull(piece) == 3);
    CHECK(text_of(std::span(piece).first(3)) == "abc");
}

TEST_CASE("a writer that waits for room is let go by its stop token", "[framework][bytes]") {
    ByteSink sink("download", 2);
    const auto writer = sink.writer();
    std::stop_source stop;
    std::jthread stopper([&] {
        while (sink.size() < 2)
            std::this_thread::yield();
        stop.request_stop();
    });
    CHECK_FALSE(writer->write(bytes_of("abc"), {stop.get_token()}));
}

TEST_CASE("closing a sink is no error, letting go of it is", "[framework][bytes]") {
    auto sink = std::make_unique<ByteSink>("download", 2);
    const auto writer = sink->writer();
    SECTION("closed") {
        CHECK(writer->write(bytes_of("ab"), {}));
        sink->close();
        CHECK_FALSE(writer->write(bytes_of("c"), {}));
        writer->end(EndReason::finished);
        CHECK(sink->ended() == EndReason::cancelled); // "ab" was never pulled
        CHECK_FALSE(sink->whole());
    }
    SECTION("let go of") {
        sink.reset();
        CHECK_THROWS_WITH(writer->write(bytes_of("c"), {}), Catch::Contains("'download' before its end"));
    }
}

TEST_CASE("a sink whose stage never ran is cancelled", "[framework][bytes]") {
    ByteSink sink("download", 2);
    static_cast<void>(sink.writer());
    std::array<std::byte, 8> piece{};
    CHECK(sink.pull(piece) == 0);
    CHECK(sink.ended() == EndReason::cancelled);
}

TEST_CASE("a sink closed with its last bytes inside is not whole, though all was written", "[framework][bytes]") {
    ByteSink sink("download", 8);
    const auto writer = sink.writer();
    CHECK(writer->write(bytes_of("ab"), {}));
    writer->end(EndReason::finished);
    CHECK_FALSE(sink.ended());
    sink.close();
    CHECK(sink.ended() == EndReason::cancelled);
}

TEST_CASE("a queue of bytes without room is refused", "[framework][bytes]") {
    CHECK_THROWS_AS(ByteSource("upload", 0), std::invalid_argument);
    CHECK_THROWS_AS(ByteSink("download", 0), std::invalid_argument);
}

TEST_CASE("memory is read and written at any place, up to its bound", "[framework][bytes]") {
    MemoryWriter writer(6);
    CHECK(writer.write(bytes_of("abcdef"), {}));
    writer.seek(2);
    CHECK(writer.write(bytes_of("XY"), {}));
    CHECK(text_of(writer.bytes()) == "abXYef");
    CHECK_THROWS_AS(writer.write(bytes_of("12345"), {}), std::length_error);
    CHECK_FALSE(writer.ended());
    writer.end(EndReason::drained);
    CHECK(writer.whole());
    MemoryReader reader(writer.take());
    CHECK(reader.size() == 6u);
    CHECK(text_of(read_all(reader, 4)) == "abXYef");
    reader.seek(3);
    CHECK(text_of(read_all(reader, 1)) == "Yef");
    reader.seek(100);
    CHECK(read_all(reader, 1).empty());
}

TEST_CASE("functions read and write, with or without a look at the limit", "[framework][bytes]") {
    int left = 3;
    const auto reader = byte_reader([&left](std::span<std::byte> into) -> std::size_t {
        into[0] = std::byte{'x'};
        return left-- > 0 ? 1 : 0;
    });
    CHECK(text_of(read_all(*reader, 8)) == "xxx");
    const auto limited = byte_reader([](std::span<std::byte>, const IoLimit& limit) -> std::size_t { return limit.reached(); });
    std::array<std::byte, 1> piece{};
    CHECK(limited->read(piece, {}) == 0);
    CHECK(limited->read(piece, {{}, std::chrono::steady_clock::time_point::min()}) == 1);
    std::string got;
    const auto all = byte_writer([&got](std::span<const std::byte> bytes) { got += text_of(bytes); });
    CHECK(all->write(bytes_of("ab"), {}));
    const auto few = byte_writer([&got](std::span<const std::byte> bytes) {
        got += text_of(bytes);
        return got.size() < 4;
    });
    CHECK(few->write(bytes_of("c"), {}));
    CHECK_FALSE(few->write(bytes_of("d"), {}));
    CHECK(got == "abcd");
}

TEST_CASE("a call for bytes that would block in a stage's body is refused", "[framework][bytes]") {
    TestEngine test;
    ByteSink never("download");
    Pipeline pipeline(test.engine);
    pipeline.add("src", source([&never, first = true]() mutable -> std::optional<int> {
                     if (!std::exchange(first, false))
                         return std::nullopt;
                     std::array<std::byte, 1> piece{};
                     return static_cast<int>(never.pull(piece));
                 })) >>
        pipeline.add("sink", sink([](int) {}));
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("body of stage 'src'"));
}
