// A stream that runs is recorded into a file for a while: encoder and muxer come as a branch and go again.
#include <weir/framework/branch.hpp>
#include <weir/framework/event.hpp>
#include <weir/framework/shapes.hpp>
#include <weir/stages/encode.hpp>
#include <weir/stages/mux.hpp>
#include <weir/stages/testsrc.hpp>

#include "support/media.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace weir;
using namespace support;

namespace {

/// Lets frames through as the test says.
struct Gate {
    std::atomic<int> through{0};
    Event until_then{"more"};
};

Process gated(Input<PooledFrame> in, Output<PooledFrame> out, Gate* gate, int stop_at) {
    while (auto frame = co_await in.next()) {
        if (gate->through == stop_at)
            co_await until(gate->until_then);
        if (!co_await out.put(std::move(*frame)))
            co_return;
        ++gate->through;
    }
}

} // namespace

TEST_CASE("a running stream is recorded into a file for a while, whole if drained, not at all if discarded",
          "[stages][mux][branch]") {
    const Folder folder;
    TestEngine test;
    Gate first;
    Gate second;
    int shown = 0;
    Pipeline pipeline(test.engine);
    TestsrcOptions options;
    options.width = 64;
    options.height = 48;
    options.frames = 60;
    const auto camera = pipeline.add("camera", testsrc(options));
    const auto before = pipeline.add("before", gated, &first, 20);
    const auto after = pipeline.add("after", gated, &second, 50);
    camera >> before >> after >> pipeline.add("screen", sink([&shown](PooledFrame) { ++shown; }));
    pipeline.start();
    while (first.through < 20)
        std::this_thread::yield();

    const auto record = [&](const std::string& file) {
        Branch branch(pipeline, "record");
        before >> branch.add("encode", encode("libx264", {{"preset", "veryfast"}})) >> branch.add("write", mux(folder / file));
        return pipeline.attach(std::move(branch));
    };
    const Attachment kept = record("kept.mp4");
    const Attachment dropped = record("dropped.mp4");
    // The same file twice at once is refused, and changes nothing.
    CHECK_THROWS_AS(record("kept.mp4"), GraphError);
    first.until_then.set();
    while (second.through < 50)
        std::this_thread::yield();
    while (kept.snapshot().links.front().items < 30)
        std::this_thread::yield();
    CHECK_NOTHROW(pipeline.detach(kept));
    pipeline.detach(dropped, Detach::discard);
    CHECK(folder.names() == std::vector<std::string>{"kept.mp4"});
    second.until_then.set();
    pipeline.wait();
    CHECK(shown == 60);
    const auto recorded = pictures(test, folder / "kept.mp4");
    CHECK(recorded.size() == kept.snapshot().links.front().items);
    CHECK(recorded.size() >= 30);
    CHECK(counts_up(recorded, 20));
    CHECK(test.frames_out() == 0);
}
