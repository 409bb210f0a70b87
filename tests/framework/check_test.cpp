#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <memory>

using namespace weir;
using support::TestEngine;

namespace {

Process two(Input<PooledFrame> a, Input<int> b, Output<PooledFrame> out) {
    auto frame = co_await a.next();
    co_await b.next();
    if (frame)
        co_await out.put(std::move(*frame));
}

} // namespace

TEST_CASE("an input that nothing feeds is refused with its name", "[framework][check]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::frames, 1) >> pipeline.add("two", two)["in0"];
    CHECK_THROWS_WITH(pipeline.check(), Catch::Contains("two: nothing is connected to its input 'in1'"));
}

TEST_CASE("ports of different types are refused with both sides named", "[framework][check]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto stage = pipeline.add("two", two);
    pipeline.add("src", support::frames, 1) >> stage["in1"];
    CHECK_THROWS_WITH(pipeline.check(), Catch::Contains("src.out gives video frames") && Catch::Contains("two.in1 takes"));
}

TEST_CASE("an input that is connected twice is refused", "[framework][check]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto end = pipeline.add("sink", sink([](int) {}));
    pipeline.add("a", support::numbers, 1) >> end;
    pipeline.add("b", support::numbers, 1) >> end["in"];
    CHECK_THROWS_WITH(pipeline.check(), Catch::Contains("sink.in is connected already"));
}

TEST_CASE("a port that does not exist is refused with the ports there are", "[framework][check]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::numbers, 1)["video"] >> pipeline.add("sink", sink([](int) {}));
    CHECK_THROWS_WITH(pipeline.check(), Catch::Contains("there is no output 'video' (outputs: out)"));
}

TEST_CASE("a quota below what the stages after it hold is refused with the sum", "[framework][check][quota]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("src", support::frames, 1);
    StageTraits traits;
    traits.holds = 40;
    source >> pipeline.add("hold", traits, [](Input<PooledFrame> in) -> Process { co_await in.next(); });
    pipeline.set(source, {.quota = 2});
    CHECK_THROWS_WITH(pipeline.check(), Catch::Contains("a quota of 2 frames is too small") && Catch::Contains("at least 41"));
}

TEST_CASE("branches that join again and again are counted once each", "[framework][quota][wiring]") {
    constexpr int joints = 60; // with 2^60 ways through
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto join = [](Input<PooledFrame> a, Input<PooledFrame> b, Output<PooledFrame> out) -> Process {
        for (;;) {
            auto frame = co_await a.next();
            if (!co_await b.next() || !frame || !co_await out.put(std::move(*frame)))
                co_return;
        }
    };
    const auto source = pipeline.add("source", support::frames, 20);
    OutRef<PooledFrame> last = source.out();
    for (int i = 0; i < joints; ++i) {
        const auto next = pipeline.add("join" + std::to_string(i), join);
        pipeline.connect(last, next["in0"], {.capacity = 3});
        pipeline.connect(last, next["in1"], {.capacity = 3});
        last = next.out();
    }
    int seen = 0;
    pipeline.connect(last, pipeline.add("sink", sink([&seen](PooledFrame) { ++seen; })), {.capacity = 3});
    pipeline.check();
    // Each link's capacity and the one in the hand of the stage behind it; one in the source's own.
    const std::size_t quota = (2 * joints + 1) * (3 + 1) + 1;
    CHECK_THAT(pipeline.describe(), Catch::Contains("out out: video frames, quota " + std::to_string(quota) + "\n"));
    pipeline.run();
    CHECK(seen == 20);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a quota is the sum of what links and stages may hold", "[framework][quota][wiring]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("src", support::frames, 1);
    StageTraits traits;
    traits.holds = 4;
    const auto pass = pipeline.add("pass", traits, [](Input<PooledFrame> in, Output<PooledFrame> out) -> Process {
        while (auto frame = co_await in.next())
            co_await out.put(std::move(*frame));
    });
    pipeline.connect(source, pass, {.capacity = 5});
    pipeline.connect(pass, pipeline.add("sink", sink([](PooledFrame) {})), {.capacity = 2});
    pipeline.prepare();
    // 5 in the link, 1 + 4 in the stage, 2 in the next link, 1 in the sink, 1 in the producer's hand
    CHECK(pipeline.describe() == "stage src (stage)\n"
                                 "  out out: video frames, quota 14\n"
                                 "stage pass (stage)\n"
                                 "  in  in: video frames\n"
                                 "  out out: video frames, quota 8\n"
                                 "stage sink (sink)\n"
                                 "  in  in: video frames\n"
                                 "link src.out->pass.in, capacity 5\n"
                                 "link pass.out->sink.in, capacity 2\n");
}

TEST_CASE("codecs share the engine's threads by their load, and nobody gets none", "[framework][check]") {
    struct Case {
        unsigned threads;
        std::vector<unsigned> loads;
        std::vector<unsigned> shares;
        unsigned spare;
    };
    const Case one = GENERATE(Case{2, {1}, {2}, 1}, Case{2, {1, 3}, {1, 2}, 1}, Case{2, {1, 3, 0, 0}, {1, 2, 1, 1}, 1},
                              Case{2, {1, 3, 3, 3, 3}, {1, 1, 1, 1, 1}, 1}, Case{4, {1, 3}, {1, 3}, 2}, Case{4, {0}, {1}, 4});
    TestEngine test(one.threads);
    Pipeline pipeline(test.engine);
    std::vector<unsigned> shares(one.loads.size());
    std::atomic<unsigned> spare{0};
    for (std::size_t i = 0; i < one.loads.size(); ++i) {
        StageTraits traits;
        traits.codec_load = one.loads[i];
        const std::string number = std::to_string(i);
        pipeline.add("src" + number, support::numbers, 1) >> pipeline.add(
                                                                 "codec" + number, traits,
                                                                 [&spare](Input<int> in, unsigned* share) -> Process {
                                                                     *share = this_stage().codec_threads();
                                                                     spare = this_stage().spare_workers();
                                                                     co_await in.next();
                                                                 },
                                                                 &shares[i]);
    }
    pipeline.run();
    CHECK(shares == one.shares);
    CHECK(spare == one.spare);
}

TEST_CASE("codecs of a pipeline that starts beside others get their part of what all of them share", "[framework][check]") {
    TestEngine test(8);
    const auto share_beside = [&test](Event* until_then) {
        auto pipeline = std::make_unique<Pipeline>(test.engine);
        auto share = std::make_shared<std::promise<unsigned>>();
        StageTraits traits;
        traits.codec_load = 3;
        pipeline->add("src", support::numbers, 1) >>
            pipeline->add("codec", traits, [share, until_then](Input<int> in) -> Process {
                share->set_value(this_stage().codec_threads());
                if (until_then)
                    co_await until(*until_then);
                co_await in.next();
            });
        pipeline->start();
        const unsigned threads = share->get_future().get();
        return std::pair(std::move(pipeline), threads);
    };
    Event go("go");
    const auto [first, all] = share_beside(&go);
    const auto [second, half] = share_beside(&go);
    const auto [third, part] = share_beside(&go);
    CHECK(all == 8);
    CHECK(half == 4);
    CHECK(part == 3); // 8/3, rounded
    go.set();
    for (const auto* pipeline : {&first, &second, &third})
        (*pipeline)->wait();
    const auto [fourth, all_again] = share_beside(nullptr);
    fourth->wait();
    CHECK(all_again == 8);
}

TEST_CASE("two stages of one name are refused", "[framework][check]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("a", support::numbers, 1);
    CHECK_THROWS_WITH(pipeline.add("a", support::numbers, 1), Catch::Contains("two stages named 'a'"));
}

TEST_CASE("an output that nobody is connected to discards at the source", "[framework][lifecycle]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::frames, 100);
    pipeline.run();
    CHECK(test.frames_out() == 0);
}
