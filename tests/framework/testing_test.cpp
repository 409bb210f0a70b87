// The harness that runs one stage.
#include <weir/framework/testing.hpp>
#include <weir/framework/weir.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <set>
#include <thread>

using namespace weir;
using namespace weir::testing;
using namespace std::chrono_literals;

namespace {

constexpr VideoFormat small{32, 16, PixelFormat::gray8};
constexpr VideoFormat other{64, 16, PixelFormat::gray8};

/// A frame of its own for each that comes.
Process copy(Input<PooledFrame> in, Output<PooledFrame> out) {
    while (auto frame = co_await in.next()) {
        auto made = co_await out.acquire(frame->format());
        const Crop crop = made.header().crop;
        copy_pixels(*frame, made);
        made.header() = frame->header();
        made.header().crop = crop;
        if (!co_await out.put(std::move(made)))
            co_return;
    }
}

} // namespace

TEST_CASE("a stage gets its script, and what it puts out comes back with gaps and end", "[framework][testing]") {
    StageTest test;
    test.workers(GENERATE(1u, 2u, 4u));
    test.input<int>().put(1).put(2).gap({5, {1, 1}}).put(3);
    auto& out = test.output<int>();
    const TestResult result = test.run(map([](int i) { return i * 10; }));
    CHECK(result.finished);
    CHECK(result.stuck.empty());
    CHECK_FALSE(result.error);
    CHECK(out.items() == std::vector{10, 20, 30});
    CHECK(out.gaps() == 1);
    REQUIRE(out.entries().size() == 4);
    CHECK(std::get<Gap>(out.entries()[2]).time == 5);
    CHECK(out.ended());
    CHECK(result.held == 0);
}

TEST_CASE("frames of changing formats come back with their pixels, and nothing is held", "[framework][testing]") {
    StageTest test;
    auto& in = test.input<PooledFrame>();
    for (int i = 0; i < 6; ++i)
        in.put(test.frame(i % 2 ? small : other, i, static_cast<std::uint8_t>(i + 1)));
    auto& out = test.output<PooledFrame>();
    const TestResult result = test.run(copy);
    CHECK(result.finished);
    REQUIRE(out.count() == 6);
    const auto frames = out.items();
    for (int i = 0; i < 6; ++i) {
        const PooledFrame& frame = frames[static_cast<std::size_t>(i)];
        CHECK(frame.format() == (i % 2 ? small : other));
        CHECK(frame.header().pts == i);
        CHECK(std::to_integer<int>(*frame.plane(0).row(3)) == i + 1);
    }
    CHECK(result.held == 0);
}

TEST_CASE("a stage rests as often whatever the number of workers", "[framework][testing]") {
    std::set<std::size_t> rests;
    for (const unsigned workers : {1u, 2u, 4u, 1u, 2u, 4u}) {
        StageTest test;
        test.workers(workers);
        auto& in = test.input<PooledFrame>();
        for (int i = 0; i < 50; ++i)
            in.put(test.frame(small, i));
        test.output<PooledFrame>();
        const TestResult result = test.run(copy);
        CHECK(result.finished);
        rests.insert(result.rests);
    }
    CHECK(rests.size() == 1);
}

TEST_CASE("an output exerts back-pressure at the chosen item", "[framework][testing]") {
    StageTest test;
    std::vector<int> waited;
    int put = 0;
    test.output<int>().eager_until(3).eager_until(7);
    const TestResult result = test.run([&](Output<int> out) -> Process {
        for (; put < 10; ++put) {
            // with one item in the link, the next has to wait for the test
            if (!out.port().has_room())
                waited.push_back(put);
            if (!co_await out.put(int{put}))
                co_return;
        }
    });
    CHECK(result.finished);
    CHECK(std::find(waited.begin(), waited.end(), 4) != waited.end());
    CHECK(std::find(waited.begin(), waited.end(), 8) != waited.end());
}

TEST_CASE("a stage that waits for what will not come is ended, and its state is told", "[framework][testing]") {
    SECTION("room") {
        StageTest test;
        auto& in = test.input<int>();
        for (int i = 0; i < 10; ++i)
            in.put(i);
        auto& out = test.output<int>().credits(2);
        const TestResult result = test.run(map([](int i) { return i; }));
        CHECK_FALSE(result.finished);
        CHECK_THAT(result.stuck, Catch::Contains("waiting for room to output out.in"));
        CHECK(out.count() == 2);
        CHECK_FALSE(out.ended());
        CHECK_FALSE(result.cancelled);
    }
    SECTION("input") {
        StageTest test;
        test.input<int>().put(1).stay_open();
        auto& out = test.output<int>().eager();
        const TestResult result = test.run(map([](int i) { return i; }));
        CHECK_THAT(result.stuck, Catch::Contains("waiting for input from input in.out"));
        CHECK(out.count() == 1);
    }
    SECTION("an event") {
        StageTest test;
        Event event("the application");
        const TestResult result = test.run([&](Output<int>) -> Process { co_await until(event); });
        CHECK_THAT(result.stuck, Catch::Contains("waiting for the event 'the application'"));
    }
    SECTION("nothing: it runs on and on") {
        StageTest test;
        test.most_activations(500);
        test.output<int>().eager();
        const TestResult result = test.run([](Output<int> out) -> Process {
            for (int i = 0;; i = (i + 1) % 7)
                if (!co_await out.put(int{i}))
                    co_return;
        });
        CHECK_THAT(result.stuck, Catch::Contains("still running after 500 activations"));
    }
}

TEST_CASE("the chosen acquire fails, with what came before delivered", "[framework][testing]") {
    const std::size_t which = GENERATE(1u, 2u, 5u);
    const Failure failure = GENERATE(Failure::budget, Failure::memory);
    StageTest test;
    auto& in = test.input<PooledFrame>();
    for (int i = 0; i < 5; ++i)
        in.put(test.frame(small, i));
    auto& out = test.output<PooledFrame>().eager();
    test.fail_acquire(which, failure);
    const TestResult result = test.run(copy);
    CHECK_FALSE(result.finished);
    REQUIRE(result.error);
    CHECK(result.error->stage() == "stage");
    if (failure == Failure::budget)
        CHECK_THROWS_AS(std::rethrow_exception(result.error->cause()), BudgetExhausted);
    else
        CHECK_THROWS_AS(std::rethrow_exception(result.error->cause()), std::bad_alloc);
    CHECK(out.count() <= which - 1);
    CHECK(in.given() == which);
    CHECK(result.held == 0);
}

TEST_CASE("the chosen offload fails", "[framework][testing]") {
    StageTest test;
    int done = 0;
    test.fail_offload(3);
    const TestResult result = test.run([&](Output<int>) -> Process {
        for (int i = 0; i < 5; ++i) {
            co_await offload([] {});
            ++done;
        }
    });
    CHECK(done == 2);
    REQUIRE(result.error);
    CHECK_THAT(result.error->message(), Catch::Contains("no thread"));
}

TEST_CASE("an input that fails is told from one that ends early", "[framework][testing]") {
    StageTest test;
    test.input<int>().put(1).put(2).fail("the disk is gone");
    auto& out = test.output<int>().eager();
    const TestResult result = test.run(map([](int i) { return i; }));
    REQUIRE(result.error);
    CHECK(result.error->stage() == "input in");
    CHECK(result.error->message() == "the disk is gone");
    CHECK(out.count() <= 2);
    CHECK_FALSE(out.ended());
}

TEST_CASE("a stage whose reader leaves ends by itself", "[framework][testing]") {
    StageTest test;
    auto& in = test.input<int>();
    for (int i = 0; i < 100; ++i)
        in.put(i);
    auto& out = test.output<int>().leave_after(4);
    const TestResult result = test.run(map([](int i) { return i; }));
    CHECK(result.finished);
    CHECK(out.items() == std::vector{0, 1, 2, 3});
    CHECK(in.given() < 10);
}

TEST_CASE("a stage can be cancelled at every of its rests, and holds nothing then", "[framework][testing]") {
    bool finished = false;
    std::size_t cancels = 0;
    for (std::size_t rest = 1; !finished; ++rest) {
        StageTest test;
        auto& in = test.input<PooledFrame>();
        for (int i = 0; i < 4; ++i)
            in.put(test.frame(small, i));
        test.output<PooledFrame>();
        test.quota(1).cancel_at_rest(rest);
        const TestResult result = test.run(copy);
        finished = result.finished;
        CHECK(result.cancelled == !finished);
        CHECK(result.stuck.empty());
        CHECK(result.held == 0);
        cancels += result.cancelled ? 1 : 0;
        REQUIRE(rest < 100);
    }
    CHECK(cancels >= 8);
}

TEST_CASE("time goes on when the stage waits for it, and only then", "[framework][testing]") {
    StageTest test;
    const auto start = test.clock().now();
    std::vector<Clock::Time> woken;
    const TestResult result = test.run([&](Output<int>) -> Process {
        for (int i = 1; i <= 3; ++i) {
            co_await sleep_for(1h);
            woken.push_back(this_stage().clock().now());
        }
    });
    CHECK(result.finished);
    CHECK(woken == std::vector{start + 1h, start + 2h, start + 3h});
}

TEST_CASE("the test is asked when the scripts have nothing for the stage", "[framework][testing]") {
    StageTest test;
    Event event("the application");
    std::string state;
    test.at_rest([&](const std::string& text) {
        state = text;
        event.set();
        return true;
    });
    const TestResult result = test.run([&](Output<int>) -> Process { co_await until(event); });
    CHECK(result.finished);
    CHECK(state == "waiting for the event 'the application'");
}

TEST_CASE("a stage that holds more of its frames than its quota makes it overflow, which is counted and logged",
          "[framework][testing]") {
    StageTest test;
    test.quota(2);
    auto& out = test.output<PooledFrame>();
    const TestResult result = test.run([](Output<PooledFrame> output) -> Process {
        std::vector<PooledFrame> held;
        for (int i = 0; i < 3; ++i)
            held.push_back(co_await output.acquire(small));
        for (PooledFrame& frame : held)
            if (!co_await output.put(std::move(frame)))
                co_return;
    });
    CHECK(result.finished);
    CHECK(result.overflows == 1);
    CHECK(result.find_log("quota of stage.out overflowed: 2 -> 3") != "");
    CHECK(out.count() == 3);
}

TEST_CASE("errors that a stage skips are counted, and restarts wait for the test's time", "[framework][testing]") {
    SECTION("skip") {
        StageTest test;
        test.on_error(ErrorPolicy::skip());
        auto& in = test.input<int>();
        for (int i = 0; i < 10; ++i)
            in.put(i);
        auto& out = test.output<int>();
        const TestResult result = test.run(filter([](const int& i) {
            if (i == 4)
                throw std::runtime_error("four");
            return i % 2 == 0;
        }));
        CHECK(result.finished);
        CHECK(result.errors == 1);
        CHECK(out.items() == std::vector{0, 2, 6, 8});
        CHECK(result.find_log("skipped: four") != "");
    }
    SECTION("restart") {
        StageTest test;
        test.on_error(ErrorPolicy::restart(3, 10s));
        test.input<int>().put(1).put(2).put(3);
        auto& out = test.output<int>();
        int starts = 0;
        const TestResult result = test.run([&](Input<int> input, Output<int> output) -> Process {
            ++starts;
            while (auto item = co_await input.next()) {
                if (*item == 2)
                    throw std::runtime_error("two");
                if (!co_await output.put(std::move(*item)))
                    co_return;
            }
        });
        CHECK(result.finished);
        CHECK(result.restarts == 1);
        CHECK(starts == 2);
        CHECK(out.items() == std::vector{1, 3});
    }
}

TEST_CASE("items given at once are under way at once in a parallel stage, and keep their order", "[framework][testing]") {
    StageTest test;
    test.workers(2);
    test.input<int>().put(0).put(1).put(2).put(3).at_once(2);
    auto& out = test.output<int>();
    std::atomic<int> begun{0};
    const TestResult result = test.run(parallel(2, [&begun](int i) {
        begun.fetch_add(1);
        while (begun.load() < (i / 2) * 2 + 2) // both of a pair
            std::this_thread::yield();
        return i;
    }));
    CHECK(result.finished);
    CHECK(out.items() == std::vector{0, 1, 2, 3});
}

TEST_CASE("a frame that outlives its stage is reported as held", "[framework][testing]") {
    std::vector<PooledFrame> leaked;
    StageTest test;
    test.input<PooledFrame>().put(test.frame(small, 1));
    const TestResult result = test.run([&](Input<PooledFrame> in, Output<PooledFrame> out) -> Process {
        leaked.push_back(*co_await in.next());
        leaked.push_back(co_await out.acquire(small));
    });
    CHECK(result.finished);
    CHECK(result.held == 2);
}

TEST_CASE("scripts that do not fit the stage's ports are refused, and a test runs once", "[framework][testing]") {
    SECTION("no such port") {
        StageTest test;
        test.input<int>("left");
        CHECK_THROWS_AS(test.run(map([](int i) { return i; })), GraphError);
    }
    SECTION("another type") {
        StageTest test;
        test.input<std::string>();
        CHECK_THROWS_AS(test.run(map([](int i) { return i; })), GraphError);
    }
    SECTION("no script for an input") {
        StageTest test;
        CHECK_THROWS_AS(test.run(map([](int i) { return i; })), GraphError);
    }
    SECTION("twice") {
        StageTest test;
        test.input<int>();
        static_cast<void>(test.run(map([](int i) { return i; })));
        CHECK_THROWS_AS(test.run(map([](int i) { return i; })), std::logic_error);
    }
}
