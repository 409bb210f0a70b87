// What a stage says of itself: that its body may block, that it has no state.
#include <weir/framework/pipeline.hpp>
#include <weir/framework/sleep.hpp>

#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <numeric>
#include <semaphore>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr StageTraits blocks{.blocking = true};

EngineConfig threads(unsigned workers, unsigned io_threads) {
    EngineConfig config;
    config.threads = workers;
    config.io_threads = io_threads;
    return config;
}

auto numbers(int count) {
    return source(
        [n = 0, count]() mutable -> std::optional<int> { return n < count ? std::optional<int>(n++) : std::nullopt; });
}

std::vector<int> up_to(int count) {
    std::vector<int> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

/// False after 20 seconds: what was waited for cannot happen.
bool came_in_time(std::binary_semaphore& what) { return what.try_acquire_for(20s); }

} // namespace

TEST_CASE("a stage that blocks holds no worker, whatever its shape", "[traits]") {
    // The only worker is needed for what each call waits for.
    Engine engine(threads(1, 1));
    std::binary_semaphore helped(0);
    std::atomic<bool> all_came{true};
    std::atomic<bool> asked{false};
    const auto wait_for_worker = [&] {
        asked = true;
        asked.notify_one();
        if (!came_in_time(helped))
            all_came = false;
    };
    std::vector<int> got;
    Pipeline pipeline(engine);
    SECTION("a map") {
        pipeline.add("numbers", numbers(20)) >> pipeline.add("map", blocks, map([&](int n) {
                                                                 wait_for_worker();
                                                                 return n;
                                                             })) >>
            pipeline.add("sink", sink([&](int n) { got.push_back(n); }));
    }
    SECTION("a filter") {
        pipeline.add("numbers", numbers(20)) >> pipeline.add("filter", blocks, filter([&](const int&) {
                                                                 wait_for_worker();
                                                                 return true;
                                                             })) >>
            pipeline.add("sink", sink([&](int n) { got.push_back(n); }));
    }
    SECTION("a source") {
        pipeline.add("source", blocks, source([&, n = 0]() mutable -> std::optional<int> {
                         if (n == 20)
                             return std::nullopt;
                         wait_for_worker();
                         return n++;
                     })) >>
            pipeline.add("sink", sink([&](int n) { got.push_back(n); }));
    }
    SECTION("a sink") {
        pipeline.add("numbers", numbers(20)) >> pipeline.add("sink", blocks, sink([&](int n) {
                                                                 wait_for_worker();
                                                                 got.push_back(n);
                                                             }));
    }
    SECTION("a coroutine function that offloads between") {
        const auto stage = [&](Input<int> in, Output<int> out) -> Process {
            while (const auto n = co_await in.next()) {
                wait_for_worker();
                const int same = co_await offload([m = *n] { return m; });
                if (!co_await out.put(same))
                    co_return;
            }
        };
        pipeline.add("numbers", numbers(20)) >> pipeline.add("stage", blocks, stage) >>
            pipeline.add("sink", sink([&](int n) { got.push_back(n); }));
    }
    // On the same engine: it answers whenever somebody waits.
    Pipeline helper(engine);
    std::atomic<bool> enough{false};
    helper.add("helper", source([&]() -> std::optional<int> {
                   if (asked.exchange(false))
                       helped.release();
                   std::this_thread::yield();
                   return enough ? std::nullopt : std::optional<int>(0);
               })) >>
        helper.add("sink", sink([](int) {}));
    helper.start();
    pipeline.run();
    enough = true;
    helper.wait();
    CHECK(all_came);
    CHECK(got == up_to(20));
}

TEST_CASE("a body that blocks may wait for another that blocks", "[traits]") {
    Engine engine(threads(1, 2));
    std::binary_semaphore seen(0);
    bool came = true;
    const auto first = [&](Output<int> out) -> Process {
        for (int n = 0; n < 20; ++n) {
            if (!co_await out.put(n))
                co_return;
            came = came && came_in_time(seen);
        }
    };
    std::vector<int> got;
    Pipeline pipeline(engine);
    pipeline.add("first", blocks, first) >> pipeline.add("second", blocks, sink([&](int n) {
                                                             got.push_back(n);
                                                             seen.release();
                                                         }));
    pipeline.run();
    CHECK(came);
    CHECK(got == up_to(20));
}

TEST_CASE("an endpoint that blocks has a thread of its own", "[traits]") {
    Engine engine(threads(1, 1));
    std::binary_semaphore endpoint_has_run(0);
    std::atomic<int> count{0};
    bool came = false;
    Pipeline pipeline(engine);
    pipeline.add("one", blocks, source([&, first = true]() mutable -> std::optional<int> {
                     if (!std::exchange(first, false))
                         return std::nullopt;
                     came = came_in_time(endpoint_has_run); // and has the only I/O thread
                     return 1;
                 })) >>
        pipeline.add("one's end", sink([](int) {}));
    StageTraits endpoint = blocks;
    endpoint.endpoint = true;
    pipeline.add("numbers", numbers(20)) >> pipeline.add("endpoint", endpoint, sink([&](int) {
                                                             if (++count == 20)
                                                                 endpoint_has_run.release();
                                                         }));
    pipeline.run();
    CHECK(came);
}

TEST_CASE("one that blocks and never waits lets the others on its thread have theirs", "[traits]") {
    Engine engine(threads(1, 1));
    std::atomic<bool> enough{false};
    Pipeline pipeline(engine);
    pipeline.add("endless", blocks, source([&]() -> std::optional<int> {
                     if (enough)
                         return std::nullopt;
                     return 1;
                 })) >>
        pipeline.add("nothing", sink([](int) {}));
    pipeline.start();
    Pipeline other(engine);
    int got = 0;
    other.add("numbers", numbers(50)) >> other.add("sink", blocks, sink([&](int) { ++got; }));
    other.run();
    enough = true;
    pipeline.wait();
    CHECK(got == 50);
}

TEST_CASE("a stage that blocks is woken by its time, and then holds no worker either", "[traits][time]") {
    const auto clock = std::make_shared<ManualClock>();
    EngineConfig config = threads(1, 1);
    config.clock = clock;
    Engine engine(config);
    Event woken("woken");
    std::binary_semaphore helped(0);
    std::atomic<bool> in_time{false};
    Pipeline pipeline(engine);
    // The only worker is needed for what the one that was woken waits for.
    const auto sleeper = [&](Output<int> out) -> Process {
        co_await sleep_for(1h);
        woken.set();
        in_time = came_in_time(helped);
        co_await out.put(1);
    };
    const auto helper = [&](Output<int> out) -> Process {
        co_await until(woken);
        helped.release();
        co_await out.put(1);
    };
    pipeline.add("sleeper", blocks, sleeper) >> pipeline.add("sink", sink([](int) {}));
    pipeline.add("helper", helper) >> pipeline.add("sink too", sink([](int) {}));
    pipeline.start();
    support::until_state(pipeline, "sleeper", "waiting for its time");
    clock->advance(1h);
    pipeline.wait();
    CHECK(in_time);
}

TEST_CASE("a pipeline of stages that block can be paused, and cancelled once the call returns", "[traits][cancel]") {
    Engine engine(threads(1, 2));
    std::latch blocked(1);
    std::binary_semaphore go(0);
    std::atomic<int> calls{0};
    Pipeline pipeline(engine);
    pipeline.add("numbers", numbers(100)) >> pipeline.add("sink", blocks, sink([&](int) {
                                                              if (++calls == 3) {
                                                                  blocked.count_down();
                                                                  static_cast<void>(came_in_time(go));
                                                              }
                                                          }));
    pipeline.start();
    blocked.wait();
    pipeline.pause();
    pipeline.resume();
    pipeline.cancel();
    CHECK_FALSE(pipeline.finished());
    go.release();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(calls == 3);
}

TEST_CASE("calls of `parallel` that block do so side by side, on I/O threads", "[traits][parallel]") {
    Engine engine(threads(1, 3));
    std::latch three(3);
    std::vector<int> got;
    Pipeline pipeline(engine);
    const auto stage = pipeline.add("parallel", blocks, parallel(3, [&three](int n) {
                                        if (n < 3)
                                            three.arrive_and_wait(); // one after the other they would wait for ever
                                        return n;
                                    }));
    pipeline.add("numbers", numbers(30)) >> stage >> pipeline.add("sink", sink([&](int n) { got.push_back(n); }));
    pipeline.run();
    CHECK(got == up_to(30));
}

TEST_CASE("a map without state is called by all workers at once, and keeps the order", "[traits][parallel]") {
    Engine engine(threads(2, 1));
    std::latch both(2);
    std::vector<int> got;
    Pipeline pipeline(engine);
    const auto stage = pipeline.add("map", {.stateless = true}, map([&both](int n) {
                                        if (n < 2)
                                            both.arrive_and_wait(); // one after the other they would wait for ever
                                        return n;
                                    }));
    pipeline.add("numbers", numbers(100)) >> stage >> pipeline.add("sink", sink([&](int n) { got.push_back(n); }));
    pipeline.run();
    CHECK(got == up_to(100));
}

TEST_CASE("a map whose function is not const is no stateless one", "[traits]") {
    Engine engine(threads(2, 1));
    Pipeline pipeline(engine);
    CHECK_THROWS_WITH(
        pipeline.add("map", {.stateless = true}, map([last = 0](int n) mutable { return std::exchange(last, n); })),
        Catch::Contains("as const"));
}

TEST_CASE("a map without state skips, and moves what cannot be copied", "[traits][errors]") {
    Engine engine(threads(2, 1));
    std::vector<int> got;
    Pipeline pipeline(engine);
    auto from = pipeline.add("numbers", map([](int n) { return std::make_unique<int>(n); }));
    pipeline.add("from", numbers(50)) >> from.in();
    auto stage = pipeline.add("map", {.stateless = true}, map([](std::unique_ptr<int> n) {
                                  if (*n % 10 == 3)
                                      throw std::runtime_error("three");
                                  return n;
                              }));
    pipeline.set(stage, {.on_error = ErrorPolicy::skip()});
    std::move(from) >> std::move(stage) >> pipeline.add("sink", sink([&](std::unique_ptr<int> n) { got.push_back(*n); }));
    pipeline.run();
    std::vector<int> expected = up_to(50);
    std::erase_if(expected, [](int n) { return n % 10 == 3; });
    CHECK(got == expected);
}
