// What an engine does by itself.
#include <weir/framework/pipeline.hpp>

#include <catch2/catch.hpp>
#include <oneapi/tbb/parallel_for.h>

#include <atomic>
#include <chrono>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("pools that nobody uses go by themselves, and those in use stay", "[engine][pools]") {
    std::atomic<int> retired{0};
    EngineConfig config;
    config.threads = 1;
    config.registry.idle_time = 20ms;
    config.registry.on_pool_retired = [&retired](const std::string&) {
        ++retired;
        retired.notify_one();
    };
    const bool with_watchdog = GENERATE(true, false);
    if (!with_watchdog)
        config.watchdog = 0ns;
    Engine engine(std::move(config));
    BasicFramePool pool = engine.registry().frames({32, 32, PixelFormat::gray8});
    pool.add_demand(1);
    const PooledFrame held = pool.acquire();
    const std::size_t in_use = engine.registry().bytes();
    engine.registry().prewarm({64, 64, PixelFormat::gray8}, 2);
    CHECK(engine.registry().bytes() > in_use);
    retired.wait(0);
    CHECK(engine.registry().bytes() == in_use);
    CHECK(retired == 1);
}

TEST_CASE("an application's own parallel loop uses all cores beside an engine of one worker", "[engine][budget]") {
    EngineConfig config;
    config.threads = 1;
    Engine engine(std::move(config));
    Pipeline pipeline(engine);
    std::atomic<bool> enough{false};
    pipeline.add("busy", source([&enough]() -> std::optional<int> {
                     if (enough)
                         return std::nullopt;
                     return 1;
                 })) >>
        pipeline.add("sink", sink([](int) {}));
    pipeline.start();
    // Each waits for all the others: fewer threads than cores would never get there.
    const unsigned cores = std::max(2u, std::thread::hardware_concurrency());
    std::atomic<unsigned> there{0};
    const auto limit = std::chrono::steady_clock::now() + 20s;
    oneapi::tbb::parallel_for(
        0u, cores,
        [&](unsigned) {
            ++there;
            while (there < cores && std::chrono::steady_clock::now() < limit)
                std::this_thread::yield();
        },
        oneapi::tbb::simple_partitioner());
    CHECK(there == cores);
    CHECK(std::chrono::steady_clock::now() < limit);
    enough = true;
    pipeline.wait();
}
