// What an engine does by itself.
#include <weir/framework/engine.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>

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
