// Streams that are read only after a while, or appear only then.
#include <weir/framework/branch.hpp>
#include <weir/framework/byte_reader.hpp>
#include <weir/framework/event.hpp>
#include <weir/framework/item_sink.hpp>
#include <weir/stages/decode.hpp>
#include <weir/stages/demux.hpp>
#include <weir/stages/timeline.hpp>

#include "support/media.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <future>
#include <optional>
#include <span>
#include <thread>
#include <vector>

using namespace weir;
using namespace support;

namespace {

void append(const std::string& to, const std::string& from) {
    std::ofstream(to, std::ios::binary | std::ios::app) << std::ifstream(from, std::ios::binary).rdbuf();
}

} // namespace

TEST_CASE("a branch reads a stream that nobody has read before", "[stages][demux][branch]") {
    const Folder folder;
    TestEngine test;
    const std::string name = GENERATE("clip.mkv", "clip.mp4", "clip.ts");
    run(test, "out: mux " + folder / name +
                  "; testsrc 64x48 frames=250 ! encode libx264 preset=ultrafast ! out; tone duration=10 ! encode aac ! out");
    Event go{"the branch"};
    std::atomic<int> pictures{0};
    std::atomic<int> sounds{0};
    Pipeline pipeline(test.engine);
    const auto in = pipeline.add("in", demux(folder / name));
    in["video"] >> pipeline.add("slow", [&](Input<Packet> packets) -> Process {
        while (co_await packets.next())
            if (++pictures == 20)
                co_await until(go);
    });
    pipeline.start();
    while (pictures < 20)
        std::this_thread::yield();
    Branch branch(pipeline, "branch");
    in["audio"] >> branch.add("sink", sink([&](const Packet&) { ++sounds; }));
    const Attachment attached = pipeline.attach(std::move(branch));
    go.set();
    pipeline.wait();
    CHECK(pictures == 250);
    CHECK(sounds > 100); // of some 430
}

TEST_CASE("a stream is left and read again, much later", "[stages][demux][branch]") {
    const Folder folder;
    TestEngine test;
    // Between two packets of sound there are some of pictures, which come first where the branch begins.
    run(test, "out: mux " + folder / "clip.ts" +
                  "; testsrc 64x48 rate=50 frames=1500 ! encode libx264 preset=ultrafast ! out"
                  "; tone duration=30 rate=8000 ! encode aac ! out");
    std::vector<std::int64_t> times;
    for (const Packet& packet : packets(test, folder / "clip.ts", "audio"))
        times.push_back(packet.pts);
    ItemSink<Packet> video("video", 4);
    Pipeline pipeline(test.engine);
    const auto in = pipeline.add("in", demux(folder / "clip.ts"));
    in["video"] >> pipeline.add("video", video.stage());
    pipeline.start();
    int pictures = 0;
    for (const int last : {200, 1200, 1500}) { // the second time nobody reads the sound
        std::vector<std::int64_t> read;
        TimeShift shift;
        int gaps = 0;
        Branch branch(pipeline, "branch");
        in["audio"] >> branch.add("sound", StageTraits{.forwards_gaps = false}, [&](Input<Packet> packets) -> Process {
            for (;;) {
                if (const Head<Packet> head = co_await packets.head(); head.gap) {
                    ++gaps;
                    packets.skip_gap();
                    continue;
                }
                const std::optional<Packet> packet = co_await packets.next();
                if (!packet)
                    co_return;
                read.push_back(packet->pts);
                shift = shift_of(*packet->format);
            }
        });
        const Attachment attached = last != 1200 ? pipeline.attach(std::move(branch)) : Attachment{};
        for (; pictures < last; ++pictures)
            REQUIRE(video.pull().has_value());
        if (!attached)
            continue;
        attached.end();
        attached.wait();
        REQUIRE(read.size() > 10);
        CHECK(std::search(times.begin(), times.end(), read.begin(), read.end()) != times.end());
        CHECK(gaps == 0);
        CHECK(shift == shift_of(*packets(test, folder / "clip.ts", "audio").front().format));
    }
    CHECK_FALSE(video.pull().has_value());
    pipeline.wait();
    CHECK(test.log->find("the clock of the input jumps").empty());
}

TEST_CASE("a stream that appears late is told of, and a branch reads it", "[stages][demux][branch]") {
    const Folder folder;
    TestEngine test;
    const std::string video = "testsrc 320x240 frames=250 ! encode mpeg2video b=1M ! out";
    run(test, "out: mux " + folder / "one.ts" + "; " + video);
    run(test, "out: mux " + folder / "two.ts" + "; " + video + "; tone duration=10 ! encode aac ! out");
    append(folder / "clip.ts", folder / "one.ts");
    append(folder / "clip.ts", folder / "two.ts");
    std::promise<AddedPort> told;
    std::atomic<int> pictures{0};
    std::atomic<std::size_t> samples{0};
    Pipeline pipeline(test.engine);
    // Of a file FFmpeg looks at the end, too, and sees the stream there.
    std::ifstream file(folder / "clip.ts", std::ios::binary);
    const auto live = byte_reader([&file](std::span<std::byte> into) {
        file.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
        return static_cast<std::size_t>(file.gcount());
    });
    const auto in = pipeline.add("in", demux(live, {.probe_bytes = 200'000, .probe_time = 1}));
    in["video"] >> pipeline.add("sink", sink([&](const Packet&) { ++pictures; }));
    pipeline.on_port_added([&](const AddedPort& port) {
        pipeline.pause();
        told.set_value(port);
    });
    pipeline.start();
    const AddedPort port = told.get_future().get();
    CHECK(port.stage == "in");
    CHECK(port.port == "audio0");
    REQUIRE(port.format != nullptr);
    CHECK(port.format->codec == "aac");
    Branch branch(pipeline, "branch");
    in[port.port] >> branch.add("decode", decode()) >>
        branch.add("sink", sink([&](const PooledSamples& sound) { samples += sound.header().count; }));
    const Attachment attached = pipeline.attach(std::move(branch));
    pipeline.resume();
    pipeline.wait();
    CHECK(pictures == 500);
    CHECK(samples >= 10 * 48'000);
    CHECK_FALSE(test.log->find("the stream audio0 (aac").empty());
}
