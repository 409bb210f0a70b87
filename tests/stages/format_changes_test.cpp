// A format that changes all the time, through stages that care and stages that do not.
#include <weir/stages/scale.hpp>

#include "support/collect.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <random>
#include <set>
#include <thread>

using namespace weir;
using namespace support;
using namespace std::chrono_literals;

namespace {

constexpr std::array<PixelFormat, 5> pixel_formats{PixelFormat::yuv420p, PixelFormat::yuv444p, PixelFormat::gray8,
                                                   PixelFormat::rgb24, PixelFormat::nv12};

VideoFormat random_format(std::mt19937& random) {
    const auto side = [&random] { return 8 + 4 * (static_cast<std::uint32_t>(random()) % 4); };
    return {side(), side(), pixel_formats.at(random() % pixel_formats.size())};
}

/// `count` frames, each of another format than the one before; the first byte is the frame's number.
Process changing(Output<PooledFrame> out, std::int64_t count) {
    std::mt19937 random(1);
    VideoFormat format = random_format(random);
    for (std::int64_t i = 0; i < count; ++i) {
        for (const VideoFormat before = format; format == before;)
            format = random_format(random);
        PooledFrame frame = co_await out.acquire(format);
        frame.writable_plane(0).row(0)[0] = static_cast<std::byte>(i);
        frame.header().pts = i;
        frame.header().time_base = {1, 25};
        if (!co_await out.put(std::move(frame)))
            co_return;
    }
}

} // namespace

TEST_CASE("10,000 changes of format lose and reorder nothing, and the pools of old formats go", "[stages][change]") {
    const unsigned threads = GENERATE(1u, 2u);
    constexpr std::int64_t count = 10'000;
    EngineConfig config = TestEngine::config(threads, 10s, std::make_shared<Log>());
    std::mutex mutex;
    std::set<std::string> made;
    std::set<std::string> retired;
    config.registry.idle_time = 200ms;
    config.registry.on_pool_made = [&](const std::string& name) {
        const std::lock_guard lock(mutex);
        made.insert(name);
    };
    config.registry.on_pool_retired = [&](const std::string& name) {
        const std::lock_guard lock(mutex);
        retired.insert(name);
    };
    Engine engine(std::move(config));
    std::int64_t next = 0;
    std::int64_t wrong = 0;
    Pipeline pipeline(engine);
    const auto from = pipeline.add("src", changing, count);
    const auto join = pipeline.add("join", [&](Input<PooledFrame> scaled, Input<PooledFrame> mapped) -> Process {
        for (;;) {
            auto a = co_await scaled.next();
            auto b = co_await mapped.next();
            if (!a || !b) {
                wrong += a || b;
                co_return;
            }
            wrong += a->header().pts != next || b->header().pts != next;
            wrong += a->format() != VideoFormat{16, 16, PixelFormat::yuv420p};
            wrong += b->plane(0).row(0)[0] != static_cast<std::byte>(next);
            ++next;
        }
    });
    pipeline.connect(from >> pipeline.add("scale", scale({.width = 16, .height = 16, .format = PixelFormat::yuv420p})),
                     join["in0"]);
    pipeline.connect(from >> pipeline.add("map", map([](PooledFrame frame) { return frame; })), join["in1"]);
    pipeline.run();
    CHECK(next == count);
    CHECK(wrong == 0);
    for (const PoolReport& pool : engine.registry().stats())
        CHECK(pool.stats.in_use == 0);
    {
        const std::lock_guard lock(mutex);
        CHECK(made.size() >= 70); // of 80 formats, some of which lie alike in memory
    }
    const auto all_gone = [&] {
        const std::lock_guard lock(mutex);
        return retired == made;
    };
    while (!all_gone()) // the engine looks from time to time
        std::this_thread::sleep_for(10ms);
    CHECK(engine.registry().bytes() == 0);
}
