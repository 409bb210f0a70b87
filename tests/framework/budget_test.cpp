// Stages at the byte budget: they wait for memory, but not for ever.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;
using support::until_state;

namespace {

constexpr VideoFormat wanted{64, 48, PixelFormat::nv12};
constexpr VideoFormat other{64, 48, PixelFormat::nv21}; // as large

/// An engine whose registry has bytes for so many frames.
struct SmallEngine {
    explicit SmallEngine(std::size_t frames, std::shared_ptr<Clock> clock = nullptr)
        : engine(config(frames, std::move(clock))) {}
    static EngineConfig config(std::size_t frames, std::shared_ptr<Clock> clock) {
        EngineConfig config;
        config.threads = 2;
        config.clock = std::move(clock);
        config.memory_wait = 60s;
        config.registry.max_bytes = frames * frame_layout(wanted).bytes;
        config.log = [](LogLevel, const std::string&) {};
        return config;
    }
    [[nodiscard]] std::size_t in_use() const {
        std::size_t sum = 0;
        for (const PoolReport& report : registry.stats())
            sum += report.stats.in_use;
        return sum;
    }
    Engine engine;
    PoolRegistry& registry = engine.registry();
};

/// So many frames of that format.
auto frames_of(VideoFormat format, int count) {
    return [format, count](Output<PooledFrame> out) -> Process {
        for (int i = 0; i < count; ++i) {
            PooledFrame frame = co_await out.acquire(format);
            frame.header().pts = i;
            if (!co_await out.put(std::move(frame)))
                co_return;
        }
    };
}

auto count_into(std::atomic<int>& count) {
    return sink([&count](PooledFrame) { ++count; });
}

} // namespace

TEST_CASE("at the byte budget a stage waits until somebody gives memory back", "[framework][budget]") {
    SmallEngine small(1);
    PooledFrame held = small.registry.frames(other).acquire();
    std::atomic<int> arrived{0};
    Pipeline pipeline(small.engine);
    pipeline.add("src", frames_of(wanted, 3)) >> pipeline.add("sink", count_into(arrived));
    pipeline.start();
    until_state(pipeline, "src", "waiting for memory for src.out, the byte budget being used up");
    CHECK(arrived == 0);
    held.reset();
    pipeline.wait();
    CHECK(arrived == 3);
    CHECK(small.registry.peak_bytes() <= small.registry.max_bytes());
}

TEST_CASE("after its time a stage that waits for memory fails, and says who has it", "[framework][budget]") {
    const auto clock = std::make_shared<ManualClock>(Clock::Time(1h));
    SmallEngine small(1, clock);
    const Holder display("display");
    const PooledFrame held = small.registry.frames(other).acquire({.quota = {}, .holder = display.id(), .now = 0});
    std::atomic<int> arrived{0};
    Pipeline pipeline(small.engine);
    pipeline.add("src", frames_of(wanted, 3)) >> pipeline.add("sink", count_into(arrived));
    pipeline.start();
    until_state(pipeline, "src", "waiting for memory");
    clock->advance(59s);
    until_state(pipeline, "src", "waiting for memory");
    clock->advance(2s);
    try {
        pipeline.wait();
        FAIL("it ended well");
    } catch (const Error& error) {
        CHECK(error.stage() == "src");
        CHECK_THROWS_AS(std::rethrow_exception(error.cause()), BudgetExhausted);
        CHECK_THAT(error.message(), Catch::Contains("largest holders: display"));
    }
    CHECK(arrived == 0);
    CHECK(small.in_use() == 1);
}

TEST_CASE("a stage that waits for memory is cancelled at once", "[framework][budget]") {
    SmallEngine small(1);
    const PooledFrame held = small.registry.frames(other).acquire();
    std::atomic<int> arrived{0};
    Pipeline pipeline(small.engine);
    pipeline.add("src", frames_of(wanted, 3)) >> pipeline.add("sink", count_into(arrived));
    pipeline.start();
    until_state(pipeline, "src", "waiting for memory");
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(small.in_use() == 1);
}

TEST_CASE("pipelines that do not fit into the budget together take turns", "[framework][budget]") {
    SmallEngine small(3);
    std::atomic<int> arrived{0};
    std::vector<std::unique_ptr<Pipeline>> pipelines;
    for (int i = 0; i < 4; ++i) { // each would hold up to four frames
        pipelines.push_back(std::make_unique<Pipeline>(small.engine, "p" + std::to_string(i)));
        Pipeline& pipeline = *pipelines.back();
        const auto pass = pipeline.add("pass", map([](PooledFrame frame) { return frame; }));
        pipeline.connect(pipeline.add("src", frames_of(i % 2 ? wanted : other, 300)), pass, {.capacity = 2});
        pipeline.connect(pass, pipeline.add("sink", count_into(arrived)), {.capacity = 2});
    }
    for (const auto& pipeline : pipelines)
        pipeline->start();
    for (const auto& pipeline : pipelines)
        pipeline->wait();
    CHECK(arrived == 1200);
    CHECK(small.registry.peak_bytes() <= small.registry.max_bytes());
    CHECK(small.in_use() == 0);
}

TEST_CASE("a writable copy waits for memory, too", "[framework][budget]") {
    SmallEngine small(1);
    PooledFrame held = small.registry.frames(wanted).acquire();
    std::atomic<int> arrived{0};
    Pipeline pipeline(small.engine);
    pipeline.add("src", [shared = held](Output<PooledFrame> out) -> Process { co_await out.put(shared); }) >>
        pipeline.add("write",
                     [](Input<PooledFrame> in, Output<PooledFrame> out) -> Process {
                         while (auto frame = co_await in.next()) {
                             PooledFrame own = co_await out.writable(std::move(*frame));
                             if (!co_await out.put(std::move(own)))
                                 co_return;
                         }
                     }) >>
        pipeline.add("sink", count_into(arrived));
    pipeline.start();
    until_state(pipeline, "write", "waiting for memory");
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(arrived == 0);
}

TEST_CASE("sound waits for memory, too", "[framework][budget]") {
    const AudioFormat stereo{SampleFormat::fltp, ChannelLayout::of(2), 48000};
    SmallEngine small(20);
    BasicSamplePool samples = small.registry.samples(stereo, 1024);
    std::vector<PooledSamples> held;
    while (small.registry.bytes() + samples.layout().bytes <= small.registry.max_bytes())
        held.push_back(samples.acquire_or_spill(stereo, 1024));
    REQUIRE_FALSE(held.empty());
    std::atomic<int> arrived{0};
    Pipeline pipeline(small.engine);
    pipeline.add("src",
                 [stereo](Output<PooledSamples> out) -> Process {
                     PooledSamples piece = co_await out.acquire(stereo, 1024);
                     co_await out.put(std::move(piece));
                 }) >>
        pipeline.add("sink", sink([&arrived](PooledSamples) { ++arrived; }));
    pipeline.start();
    until_state(pipeline, "src", "waiting for memory");
    held.pop_back();
    pipeline.wait();
    CHECK(arrived == 1);
}
