// What is left, and what is seen, of pipelines that are cut short.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

using namespace weir;
using support::endless;
using support::TestEngine;

TEST_CASE("what a cancelled pipeline cuts short does not look like the end of the stream", "[framework][lifecycle]") {
    TestEngine test;
    for (int round = 0; round < 200; ++round) {
        std::atomic<bool> ended{false};
        std::latch running(1);
        Pipeline pipeline(test.engine);
        // Told in this order: the source first, the reader last, and many between them.
        const auto from = pipeline.add("src", endless);
        for (int i = 0; i < 200; ++i)
            from >> pipeline.add("rest" + std::to_string(i), [](Input<PooledFrame>) -> Process { co_return; });
        from >> pipeline.add("reader", [&](Input<PooledFrame> in) -> Process {
            co_await in.next();
            running.count_down();
            while (co_await in.next()) {
            }
            ended = true;
        });
        pipeline.start();
        running.wait();
        pipeline.cancel();
        CHECK_THROWS_AS(pipeline.wait(), Cancelled);
        CHECK_FALSE(ended);
    }
}

namespace {

/// Takes its time to be destroyed, as freeing much memory does.
class Slow {
public:
    explicit Slow(std::atomic<int>& alive) : alive_(&alive) { ++alive; }
    Slow(Slow&& other) noexcept : alive_(std::exchange(other.alive_, nullptr)) {}
    Slow& operator=(Slow&&) = delete;
    ~Slow() {
        if (!alive_)
            return;
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
        while (std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
        --*alive_;
    }

private:
    std::atomic<int>* alive_;
};

} // namespace

TEST_CASE("what a call on another worker returned is gone when a cancelled pipeline has ended", "[framework][lifecycle]") {
    TestEngine test;
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> alive{0};
        std::latch running(1);
        std::latch go(1);
        Pipeline pipeline(test.engine);
        pipeline.add("numbers", support::numbers, 1) >> pipeline.add("work", [&](Input<int> in) -> Process {
            const auto job = [&alive, &running, &go] {
                running.count_down();
                go.wait();
                return Slow(alive);
            };
            co_await in.next();
            Compute<decltype(job)> compute;
            compute.start(job);
            co_await compute.result();
        });
        pipeline.start();
        running.wait();
        pipeline.cancel();
        go.count_down();
        CHECK_THROWS_AS(pipeline.wait(), Cancelled);
        CHECK(alive == 0);
    }
}

TEST_CASE("stages that only pass on and are cut short leave nothing in their links", "[framework][lifecycle]") {
    TestEngine test;
    for (int round = 0; round < 300; ++round) {
        std::atomic<int> arrived{0};
        Pipeline pipeline(test.engine);
        auto last = pipeline.add("src", endless).out();
        for (int i = 0; i < 4; ++i) {
            const auto pass = pipeline.add("pass" + std::to_string(i), map([](PooledFrame frame) { return frame; }));
            last >> pass;
            last = pass.out();
        }
        const bool throws = round % 2 == 0;
        last >> pipeline.add("sink", sink([&, throws](PooledFrame) {
                                 if (++arrived > 10 * round && throws)
                                     throw std::runtime_error("enough");
                             }));
        pipeline.start();
        while (!throws && arrived < 5 * round)
            std::this_thread::yield();
        if (!throws)
            pipeline.cancel();
        CHECK_THROWS(pipeline.wait());
        CHECK(test.frames_out() == 0); // while the pipeline and its links are still there
    }
}
