// A live source and readers that cannot keep up with it.
#include <weir/framework/item_source.hpp>

#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;
using support::TestEngine;

TEST_CASE("a live source outruns a slow branch that drops: the fast one gets all, the slow one what is new, drops are exact",
          "[framework][live][link]") {
    const unsigned threads = GENERATE(1u, 2u);
    constexpr std::size_t capacity = 3;
    constexpr int count = 20'000;
    // A second for each frame that the fast branch has had: so the slow one's slowness is counted in frames.
    const auto clock = std::make_shared<ManualClock>();
    const Clock::Time end = clock->now() + count * 1s;
    TestEngine test(threads, 10s, clock);
    FrameSource camera("camera", 4);
    std::vector<std::int64_t> fast;
    std::vector<std::int64_t> slow;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("camera", camera.stage());
    from >> pipeline.add("fast", sink([&](PooledFrame frame) {
                             fast.push_back(frame.header().pts);
                             clock->advance(1s);
                         }));
    const auto late = pipeline.add("slow", [&](Input<PooledFrame> in) -> Process {
        while (auto frame = co_await in.next()) {
            slow.push_back(frame->header().pts);
            co_await sleep_until(std::min(clock->now() + 10s, end));
        }
    });
    pipeline.connect(from, late, {.capacity = capacity, .when_full = WhenFull::drop_oldest});
    pipeline.start();
    auto pool = test.engine.registry().frames(support::small);
    pool.add_demand(16);
    std::thread application([&] {
        for (int i = 0; i < count; ++i) {
            PooledFrame frame = pool.try_acquire();
            while (!frame) {
                std::this_thread::yield();
                frame = pool.try_acquire();
            }
            frame.header().pts = i;
            if (camera.push(std::move(frame)) != Pushed::yes)
                break;
        }
        camera.end();
    });
    application.join();
    pipeline.wait();
    REQUIRE(fast.size() == count);
    for (int i = 0; i < count; ++i)
        REQUIRE(fast[static_cast<std::size_t>(i)] == i);
    CHECK(std::is_sorted(slow.begin(), slow.end()));
    CHECK(std::adjacent_find(slow.begin(), slow.end()) == slow.end());
    CHECK(slow.back() == count - 1);
    std::uint64_t drops = 0;
    std::size_t peak = 0;
    for (const LinkSnapshot& link : pipeline.snapshot().links)
        if (link.to == "slow.in") {
            drops = link.drops;
            peak = link.peak;
        }
    CHECK(slow.size() + drops == count);
    CHECK(drops > count / 2);
    CHECK(peak <= capacity); // which bounds how old it is
    CHECK(test.frames_out() == 0);
}
