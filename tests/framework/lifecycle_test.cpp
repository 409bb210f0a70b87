#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <thread>

using namespace weir;
using support::endless;
using support::TestEngine;

namespace {

Process pass(Input<PooledFrame> in, Output<PooledFrame> out) {
    while (auto frame = co_await in.next())
        if (!co_await out.put(std::move(*frame)))
            co_return;
}

Process count_all(Input<PooledFrame> in, int* count) {
    while (auto frame = co_await in.next())
        ++*count;
}

} // namespace

TEST_CASE("every item arrives once and in order", "[framework][lifecycle]") {
    const unsigned threads = GENERATE(1u, 2u, 4u);
    TestEngine test(threads);
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    pipeline.add("numbers", support::numbers, 10000) >> pipeline.add("double", map([](int i) { return 2 * i; })) >>
        pipeline.add("thirds", filter([](const int& i) { return i % 3 == 0; })) >>
        pipeline.add("sink", sink([&got](int i) { got.push_back(i); }));
    pipeline.run();
    REQUIRE(got.size() == 3334);
    for (std::size_t i = 0; i < got.size(); ++i)
        REQUIRE(got[i] == static_cast<int>(6 * i));
}

TEST_CASE("fan-out gives every branch every item", "[framework][lifecycle]") {
    TestEngine test;
    int first = 0;
    int second = 0;
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("src", support::frames, 500);
    source >> pipeline.add("a", count_all, &first);
    source >> pipeline.add("b", pass) >> pipeline.add("c", count_all, &second);
    pipeline.run();
    CHECK(first == 500);
    CHECK(second == 500);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a consumer that returns early ends its producer, and what was under way is discarded", "[framework][lifecycle]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", endless) >> pipeline.add("pass", pass) >> pipeline.add("three", [](Input<PooledFrame> in) -> Process {
        for (int i = 0; i < 3; ++i)
            co_await in.next();
    });
    pipeline.run();
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a branch that ends does not end its sibling", "[framework][lifecycle]") {
    TestEngine test;
    int all = 0;
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("src", support::frames, 300);
    source >> pipeline.add("one", [](Input<PooledFrame> in) -> Process { co_await in.next(); });
    source >> pipeline.add("all", count_all, &all);
    pipeline.run();
    CHECK(all == 300);
}

TEST_CASE("cancel ends a running pipeline, wait says so, and no frame stays out", "[framework][lifecycle]") {
    TestEngine test;
    std::latch running(1);
    Pipeline pipeline(test.engine);
    pipeline.add("src", endless) >> pipeline.add("sink", sink([&running, first = true](PooledFrame) mutable {
                                                     if (std::exchange(first, false))
                                                         running.count_down();
                                                 }));
    pipeline.start();
    running.wait();
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(pipeline.finished());
    CHECK(test.frames_out() == 0);
}

TEST_CASE("drain ends the sources and delivers what is under way", "[framework][lifecycle]") {
    TestEngine test;
    std::latch running(1);
    std::vector<std::int64_t> got;
    Pipeline pipeline(test.engine);
    pipeline.add("src", endless) >> pipeline.add("pass", pass) >> pipeline.add("sink", sink([&](PooledFrame frame) {
                                                                                   if (got.size() == 10)
                                                                                       running.count_down();
                                                                                   got.push_back(frame.header().pts);
                                                                               }));
    pipeline.start();
    running.wait();
    pipeline.drain();
    pipeline.wait();
    REQUIRE(got.size() > 10);
    for (std::size_t i = 0; i < got.size(); ++i)
        REQUIRE(got[i] == static_cast<std::int64_t>(i));
    const auto snapshot = pipeline.snapshot();
    CHECK(snapshot.links.front().items == got.size()); // what the source put has arrived
    CHECK(test.frames_out() == 0);
}

TEST_CASE("an exception in a stage ends the pipeline with the stage's name and the original exception", "[framework][errors]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", endless) >> pipeline.add("bad", sink([n = 0](PooledFrame) mutable {
                                                     if (++n == 5)
                                                         throw std::domain_error("the fifth is one too many");
                                                 }));
    try {
        pipeline.run();
        FAIL("no error came out");
    } catch (const Error& error) {
        CHECK(error.stage() == "bad");
        CHECK(std::string(error.what()) == "bad: the fifth is one too many");
        CHECK_THROWS_AS(std::rethrow_exception(error.cause()), std::domain_error);
    }
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a stage that throws before its first await ends the pipeline", "[framework][errors]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", endless) >> pipeline.add("bad", [](Input<PooledFrame>) -> Process {
        throw std::runtime_error("not today");
        co_return;
    });
    CHECK_THROWS_WITH(pipeline.run(), "bad: not today");
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a pipeline that is destroyed while it runs is cancelled and leaves nothing behind", "[framework][lifecycle]") {
    TestEngine test;
    {
        Pipeline pipeline(test.engine);
        pipeline.add("src", endless) >> pipeline.add("sink", sink([](PooledFrame) {}));
        pipeline.start();
    }
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a pipeline may be destroyed as soon as it is over, with nobody who waited", "[framework][lifecycle]") {
    TestEngine test(2);
    for (int i = 0; i < 500; ++i) {
        std::atomic<bool> ended{false};
        Pipeline pipeline(test.engine);
        pipeline.on_end([&ended](EndReason) { ended.store(true); });
        pipeline.add("numbers", support::numbers, 1) >> pipeline.add("sink", sink([](int) {}));
        pipeline.start();
        while (!ended.load())
            std::this_thread::yield();
        for (int spins = 0; spins < i; ++spins) // now before, now after the last that its end does
            std::this_thread::yield();
    }
}

TEST_CASE("a frame outlives its pipeline and its engine", "[framework][lifetime]") {
    PooledFrame kept;
    {
        TestEngine test;
        Pipeline pipeline(test.engine);
        pipeline.add("src", support::frames, 5) >>
            pipeline.add("sink", sink([&kept](PooledFrame frame) { kept = std::move(frame); }));
        pipeline.run();
        CHECK(test.frames_out() == 1);
    }
    CHECK(kept.header().pts == 4);
    kept.writable_plane(0).data[0] = std::byte{7};
}

TEST_CASE("wait from a stage's body is refused", "[framework][check]") {
    TestEngine test;
    Pipeline other(test.engine);
    other.add("src", support::numbers, 1) >> other.add("sink", sink([](int) {}));
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::numbers, 1) >> pipeline.add("sink", sink([&other](int) { other.run(); }));
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("waits and was called from the body of stage 'sink'"));
}

TEST_CASE("on_end runs once, off the workers, after the coroutine is gone, with the reason", "[framework][lifecycle]") {
    TestEngine test;
    std::vector<EndReason> reasons;
    bool gone = false;
    bool gone_first = false;
    struct Flag {
        bool* gone;
        explicit Flag(bool& flag) : gone(&flag) {}
        ~Flag() { *gone = true; }
    };
    const bool fails = GENERATE(false, true);
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::numbers, 3) >> pipeline.add("sink", [&](Input<int> in) -> Process {
        const Flag flag(gone);
        this_stage().on_end([&](EndReason reason) {
            gone_first = gone;
            reasons.push_back(reason);
        });
        while (auto item = co_await in.next())
            if (fails)
                throw std::runtime_error("no");
    });
    if (fails)
        CHECK_THROWS_AS(pipeline.run(), Error);
    else
        pipeline.run();
    CHECK(gone_first);
    CHECK(reasons == std::vector{fails ? EndReason::failed : EndReason::finished});
}

TEST_CASE("the completion callback comes before wait returns", "[framework][lifecycle]") {
    TestEngine test;
    std::atomic<int> calls{0};
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::numbers, 3) >> pipeline.add("sink", sink([](int) {}));
    pipeline.on_end([&](EndReason reason) { calls += reason == EndReason::finished ? 1 : 100; });
    pipeline.run();
    CHECK(calls == 1);
}

TEST_CASE("a gap passes through stages and is skipped by those who only read items", "[framework][gaps]") {
    TestEngine test;
    int items = 0;
    std::int64_t gap = 0;
    Pipeline pipeline(test.engine);
    pipeline.add("src",
                 [](Output<int> out) -> Process {
                     co_await out.put(1);
                     out.put_gap({500, {1, 1000}});
                     co_await out.put(2);
                 }) >>
        pipeline.add("map", map([](int i) { return i; })) >> pipeline.add("sink", [&](Input<int> in) -> Process {
            for (;;) {
                const Head<int> head = co_await in.head();
                if (head.gap) {
                    gap = head.gap->time;
                    in.skip_gap();
                } else if (head.item) {
                    co_await in.next();
                    ++items;
                } else {
                    co_return;
                }
            }
        });
    pipeline.run();
    CHECK(items == 2);
    CHECK(gap == 500);
}

TEST_CASE("a change in one branch never touches the pixels of the other", "[framework][sharing]") {
    TestEngine test;
    bool untouched = true;
    int changed = 0;
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("src", [](Output<PooledFrame> out) -> Process {
        for (int i = 0; i < 100; ++i) {
            PooledFrame frame = co_await out.acquire(support::small);
            frame.writable_plane(0).data[0] = std::byte{1};
            if (!co_await out.put(std::move(frame)))
                co_return;
        }
    });
    source >> pipeline.add("write",
                           [](Input<PooledFrame> in, Output<PooledFrame> out) -> Process {
                               while (auto frame = co_await in.next()) {
                                   PooledFrame mine = co_await out.writable(std::move(*frame));
                                   mine.writable_plane(0).data[0] = std::byte{2};
                                   co_await out.put(std::move(mine));
                               }
                           }) >>
        pipeline.add("written", sink([&](PooledFrame frame) { changed += frame.plane(0).data[0] == std::byte{2}; }));
    source >>
        pipeline.add("look", sink([&](PooledFrame frame) { untouched = untouched && frame.plane(0).data[0] == std::byte{1}; }));
    pipeline.run();
    CHECK(untouched);
    CHECK(changed == 100);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("wait names the stage that takes long to end", "[framework][lifecycle]") {
    const auto log = std::make_shared<support::Log>();
    EngineConfig config = TestEngine::config(2, std::chrono::seconds(10), log);
    config.slow_end = std::chrono::milliseconds(20);
    Engine engine(std::move(config));
    std::latch started(1);
    std::atomic<bool> named{false};
    log->on_line([&named](const std::string& line) {
        if (line.find("takes long to end") == std::string::npos)
            return;
        named = true;
        named.notify_all();
    });
    Pipeline pipeline(engine, "slow");
    pipeline.add("numbers", support::numbers, 1) >> pipeline.add("stubborn", [&](Input<int> in) -> Process {
        co_await in.next();
        co_await offload([&] {
            started.count_down();
            named.wait(false); // heeds no stop token
        });
    });
    pipeline.start();
    started.wait();
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK_THAT(log->find("slow takes long to end"),
               Catch::Contains("stubborn: waiting for work of its own on other threads") && !Catch::Contains("numbers"));
}
