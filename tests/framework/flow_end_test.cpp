// How pipelines with native nodes end: errors, cancel, drain, readers that leave.
#include "support/flow.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <exception>
#include <latch>
#include <stdexcept>

using namespace weir;
namespace tf = oneapi::tbb::flow;
using support::Frame;
using support::Number;
using support::TestEngine;

TEST_CASE("what a guarded body throws is the pipeline's error, with the original exception, and nothing stays out",
          "[framework][flow]") {
    const unsigned threads = GENERATE(1u, 2u, 4u);
    struct Bad : std::runtime_error {
        using std::runtime_error::runtime_error;
    };
    TestEngine test(threads);
    flow::Graph graph(test.engine);
    flow::Sender<PooledFrame> out(graph, "out", 3);
    tf::function_node<Frame, Frame> node(graph, tf::unlimited, flow::guard(graph, [](const Frame& frame) {
                                             if (frame->header().pts == 50)
                                                 throw Bad("no good");
                                             return frame;
                                         }));
    tf::queue_node<Frame> queue(graph);
    flow::Receiver<PooledFrame> in(graph, "in");
    tf::make_edge(out, node);
    tf::make_edge(node, queue);
    tf::make_edge(queue, in);
    Pipeline pipeline(test.engine);
    pipeline.add("frames", support::endless) >> pipeline.add("out", out.stage());
    pipeline.add("in", in.stage()) >> pipeline.add("sink", sink([](PooledFrame) {}));
    try {
        pipeline.run();
        FAIL("it did not fail");
    } catch (const Error& error) {
        CHECK(error.stage() == "in");
        CHECK(error.message() == "no good");
        CHECK(error.others().empty());
        CHECK_THROWS_AS(std::rethrow_exception(error.cause()), Bad);
    }
    CHECK(out.live() == 0);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a graph without a receiver reports its errors by the sender", "[framework][flow]") {
    TestEngine test;
    flow::Graph graph(test.engine);
    flow::Sender<int> out(graph, "out", 2);
    tf::function_node<Number> node(graph, tf::serial, flow::guard(graph, [](const Number& number) {
                                       if (*number == 99) // the last one
                                           throw std::runtime_error("no good");
                                   }));
    tf::make_edge(out, node);
    Pipeline pipeline(test.engine);
    pipeline.add("numbers", support::numbers, 100) >> pipeline.add("out", out.stage());
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("out") && Catch::Contains("no good"));
    CHECK(out.live() == 0);
}

TEST_CASE("a receiver whose policy is to skip goes on after each error, and counts them", "[framework][flow]") {
    TestEngine test;
    flow::Graph graph(test.engine);
    flow::Sender<int> out(graph, "out", 4);
    tf::function_node<Number, Number> node(graph, tf::serial, flow::guard(graph, [](const Number& number) {
                                               if (*number % 10 == 3)
                                                   throw std::runtime_error("no good");
                                               return number;
                                           }));
    tf::queue_node<Number> queue(graph);
    flow::Receiver<int> in(graph, "in");
    tf::make_edge(out, node);
    tf::make_edge(node, queue);
    tf::make_edge(queue, in);
    int got = 0;
    Pipeline pipeline(test.engine);
    pipeline.add("numbers", support::numbers, 1000) >> pipeline.add("out", out.stage());
    const auto stage = pipeline.add("in", in.stage());
    pipeline.set(stage, {.on_error = ErrorPolicy::skip()});
    stage >> pipeline.add("sink", sink([&](int) { ++got; }));
    pipeline.run();
    CHECK(got == 900);
    for (const StageSnapshot& s : pipeline.snapshot().stages)
        if (s.name == "in")
            CHECK(s.errors == 100);
}

TEST_CASE("a pipeline is cancelled with items in native nodes, and all of them come back", "[framework][flow]") {
    const unsigned threads = GENERATE(1u, 2u, 4u);
    const int after = GENERATE(0, 1, 5, 300);
    TestEngine test(threads);
    for (int round = 0; round < 20; ++round) {
        flow::Graph graph(test.engine);
        flow::Sender<PooledFrame> out(graph, "out", 5);
        std::latch reached(1);
        std::atomic<int> seen{0};
        tf::function_node<Frame, Frame> node(graph, tf::unlimited, flow::guard(graph, [&](const Frame& frame) {
                                                 if (seen.fetch_add(1) == after)
                                                     reached.count_down();
                                                 return frame;
                                             }));
        tf::queue_node<Frame> queue(graph);
        flow::Receiver<PooledFrame> in(graph, "in", 1);
        tf::make_edge(out, node);
        tf::make_edge(node, queue);
        tf::make_edge(queue, in);
        Pipeline pipeline(test.engine);
        pipeline.add("frames", support::endless) >> pipeline.add("out", out.stage());
        pipeline.add("in", in.stage()) >> pipeline.add("sink", sink([](PooledFrame) {}));
        pipeline.start();
        if (after > 0)
            reached.wait();
        pipeline.cancel();
        CHECK_THROWS_AS(pipeline.wait(), Cancelled);
        CHECK(out.live() == 0);
        CHECK(test.frames_out() == 0);
    }
}

TEST_CASE("drain delivers what is among native nodes", "[framework][flow]") {
    TestEngine test;
    flow::Graph graph(test.engine);
    flow::Sender<PooledFrame> out(graph, "out", 5);
    std::latch some(200);
    std::atomic<int> sent{0};
    tf::function_node<Frame, Frame> node(graph, tf::unlimited, flow::guard(graph, [&](const Frame& frame) {
                                             if (sent.fetch_add(1) < 200)
                                                 some.count_down();
                                             return frame;
                                         }));
    tf::queue_node<Frame> queue(graph);
    flow::Receiver<PooledFrame> in(graph, "in");
    tf::make_edge(out, node);
    tf::make_edge(node, queue);
    tf::make_edge(queue, in);
    int got = 0;
    Pipeline pipeline(test.engine);
    pipeline.add("frames", support::endless) >> pipeline.add("out", out.stage());
    pipeline.add("in", in.stage()) >> pipeline.add("sink", sink([&](PooledFrame) { ++got; }));
    pipeline.start();
    some.wait();
    pipeline.drain();
    pipeline.wait();
    CHECK(got == sent);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a sender ends when nobody reads behind the native nodes any more", "[framework][flow]") {
    const unsigned threads = GENERATE(1u, 2u);
    TestEngine test(threads);
    flow::Graph graph(test.engine);
    flow::Sender<PooledFrame> out(graph, "out", 3);
    tf::queue_node<Frame> queue(graph);
    flow::Receiver<PooledFrame> in(graph, "in", 1);
    tf::make_edge(out, queue);
    tf::make_edge(queue, in);
    Pipeline pipeline(test.engine);
    pipeline.add("frames", support::endless) >> pipeline.add("out", out.stage());
    pipeline.add("in", in.stage()) >> pipeline.add("first", [](Input<PooledFrame> input) -> Process {
        for (int i = 0; i < 10; ++i)
            static_cast<void>(co_await input.next());
    });
    pipeline.run();
    CHECK(out.live() == 0);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a cancelled pipeline does not wait for an endless native source, and stops it if it is guarded",
          "[framework][flow]") {
    const unsigned threads = GENERATE(1u, 2u);
    TestEngine test(threads);
    flow::Graph graph(test.engine);
    std::latch reached(100);
    std::atomic<int> got{0};
    tf::input_node<int> source(graph, flow::guard(graph, [next = 0](oneapi::tbb::flow_control&) mutable { return next++; }));
    tf::limiter_node<int> limiter(graph, 8);
    tf::queue_node<int> queue(graph);
    flow::Receiver<int, int> in(graph, "in", 4);
    tf::make_edge(source, limiter);
    tf::make_edge(limiter, queue);
    tf::make_edge(queue, in);
    Pipeline pipeline(test.engine);
    pipeline.add("in", in.stage()) >> pipeline.add("sink", sink([&](int) {
                                                       if (got.fetch_add(1) < 100)
                                                           reached.count_down();
                                                       limiter.decrementer().try_put({});
                                                   }));
    pipeline.start();
    source.activate();
    reached.wait();
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    graph.wait();
}
