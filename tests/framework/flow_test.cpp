// Native oneTBB nodes between the stages of a pipeline: order, bounds, back-pressure.
#include "support/flow.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <thread>
#include <tuple>
#include <vector>

using namespace weir;
namespace tf = oneapi::tbb::flow;
using support::counter;
using support::Frame;
using support::Number;
using support::Peak;
using support::TestEngine;
using support::until_state;
using support::up_to;

TEST_CASE(
    "ten thousand frames go through a serial native node, in the sequencer's order, and never more than the limit are live",
    "[framework][flow]") {
    const unsigned threads = GENERATE(1u, 2u, 4u);
    const std::size_t limit = GENERATE(1u, 3u);
    TestEngine test(threads);
    std::vector<int> got;
    std::size_t most_live = 0;
    {
        flow::Graph graph(test.engine);
        flow::Sender<PooledFrame> out(graph, "out", limit);
        tf::function_node<Frame, Frame> node(graph, tf::serial, flow::guard(graph, [&](const Frame& frame) {
                                                 most_live = std::max(most_live, out.live()); // serial: one at a time
                                                 return frame;
                                             }));
        // A serial node is free again before its result is on its way: its results may come out of order.
        tf::sequencer_node<Frame> queue(graph,
                                        [](const Frame& frame) { return static_cast<std::size_t>(frame->header().pts); });
        flow::Receiver<PooledFrame> in(graph, "in", 2);
        tf::make_edge(out, node);
        tf::make_edge(node, queue);
        tf::make_edge(queue, in);

        Pipeline pipeline(test.engine);
        pipeline.add("frames", support::frames, 10000) >> pipeline.add("out", out.stage());
        pipeline.add("in", in.stage()) >>
            pipeline.add("sink", sink([&](PooledFrame frame) { got.push_back(static_cast<int>(frame.header().pts)); }));
        pipeline.run();
        CHECK(out.live() == 0);
        CHECK(out.peak() <= limit);
        CHECK(test.frames_out() == 0);
        CHECK(counter(pipeline, "out", "most live at once") == out.peak());
        CHECK(test.log->find("lost") == "");
    }
    CHECK(most_live <= limit);
    CHECK(got == up_to(10000));
}

TEST_CASE("a parallel native node and a sequencer keep the order", "[framework][flow]") {
    const unsigned threads = GENERATE(1u, 2u, 4u);
    TestEngine test(threads);
    Peak calls;
    std::vector<int> got;
    {
        flow::Graph graph(test.engine);
        flow::Sender<PooledFrame> out(graph, "out", 4);
        tf::function_node<Frame, Frame> node(graph, tf::unlimited, flow::guard(graph, [&](const Frame& frame) {
                                                 calls.enter();
                                                 for (int i = 0; i < (frame->header().pts % 3) * 50; ++i)
                                                     std::this_thread::yield();
                                                 calls.leave();
                                                 return frame;
                                             }));
        tf::sequencer_node<Frame> in_order(graph,
                                           [](const Frame& frame) { return static_cast<std::size_t>(frame->header().pts); });
        flow::Receiver<PooledFrame> in(graph, "in", 1);
        tf::make_edge(out, node);
        tf::make_edge(node, in_order);
        tf::make_edge(in_order, in);

        Pipeline pipeline(test.engine);
        pipeline.add("frames", support::frames, 2000) >> pipeline.add("out", out.stage());
        pipeline.add("in", in.stage()) >>
            pipeline.add("sink", sink([&](PooledFrame frame) { got.push_back(static_cast<int>(frame.header().pts)); }));
        pipeline.run();
        CHECK(out.peak() <= 4);
        CHECK(test.frames_out() == 0);
    }
    CHECK(got == up_to(2000));
    CHECK(calls.most <= 4);
}

TEST_CASE("a native node that keeps its items holds the pipeline up at the limit, which is no deadlock", "[framework][flow]") {
    TestEngine test;
    flow::Graph graph(test.engine);
    flow::Sender<PooledFrame> out(graph, "detector", 3);
    tf::queue_node<Frame> kept(graph);
    tf::make_edge(out, kept);
    Pipeline pipeline(test.engine);
    pipeline.add("frames", support::frames, 10) >> pipeline.add("out", out.stage());
    pipeline.start();
    until_state(pipeline, "out", "waiting for the event 'native nodes to let go of an item from detector'");
    until_state(pipeline, "frames", "waiting for");
    CHECK(out.live() == 3);
    CHECK_FALSE(pipeline.finished());
    int taken = 0;
    for (Frame frame; taken < 9;)
        if (kept.try_get(frame)) {
            CHECK(frame->header().pts == taken);
            ++taken;
            CHECK(out.live() <= 3);
            frame = {};
        } else {
            std::this_thread::yield();
        }
    // The last one keeps the pipeline alive as long as somebody has a handle to it.
    Frame last;
    while (!kept.try_get(last))
        std::this_thread::yield();
    const Frame copy = last;
    last = {};
    until_state(pipeline, "out", "waiting for the event");
    CHECK_FALSE(pipeline.finished());
    CHECK(out.live() == 1);
    CHECK(copy->header().pts == 9);
    const_cast<Frame&>(copy) = {};
    pipeline.wait();
    CHECK(out.live() == 0);
    CHECK(out.peak() == 3);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a receiver that is full rejects, and pulls from the buffer before it when there is room", "[framework][flow]") {
    TestEngine test;
    flow::Graph graph(test.engine);
    flow::Sender<int> out(graph, "out", 10);
    tf::queue_node<Number> queue(graph);
    flow::Receiver<int> in(graph, "in", 2);
    tf::make_edge(out, queue);
    tf::make_edge(queue, in);
    Event go("go");
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    pipeline.add("numbers", support::numbers, 500) >> pipeline.add("out", out.stage());
    const auto slow = pipeline.add("slow", [&](Input<int> input) -> Process {
        co_await until(go);
        while (auto item = co_await input.next())
            got.push_back(*item);
    });
    pipeline.connect(pipeline.add("in", in.stage()), slow, {.capacity = 1});
    pipeline.start();
    until_state(pipeline, "in", "waiting for room");
    until_state(pipeline, "out", "waiting for the event");
    while (out.live() < 9) // what waits in the receiver or, refused by it, in the queue
        std::this_thread::yield();
    CHECK(in.size() <= 2);
    CHECK(out.live() <= 10);
    go.set();
    pipeline.wait();
    CHECK(got == up_to(500));
    CHECK(test.log->find("lost") == "");
}

TEST_CASE("a node that does not buffer before a receiver loses items, which is warned about", "[framework][flow]") {
    TestEngine test;
    flow::Graph graph(test.engine);
    flow::Sender<int> out(graph, "out", 4);
    tf::function_node<Number, Number> node(graph, tf::serial, [](const Number& number) noexcept { return number; });
    flow::Receiver<int> in(graph, "in", 1);
    tf::make_edge(out, node);
    tf::make_edge(node, in); // no buffer between them
    Event go("go");
    int got = 0;
    Pipeline pipeline(test.engine);
    pipeline.add("numbers", support::numbers, 20) >> pipeline.add("out", out.stage());
    const auto slow = pipeline.add("slow", [&](Input<int> input) -> Process {
        co_await until(go);
        while (auto item = co_await input.next())
            ++got;
    });
    pipeline.connect(pipeline.add("in", in.stage()), slow, {.capacity = 1});
    pipeline.start();
    until_state(pipeline, "numbers", "finished");
    go.set();
    pipeline.wait();
    CHECK(got < 20);
    CHECK(test.log->find("out: items are lost in front of a receiver") != "");
}

TEST_CASE("a join_node of two streams sits between stages, and what has no partner is left, and said", "[framework][flow]") {
    const unsigned threads = GENERATE(1u, 2u, 4u);
    TestEngine test(threads);
    std::vector<int> got;
    {
        flow::Graph graph(test.engine);
        flow::Sender<int> left(graph, "left", 3, flow::AtEnd::leave);
        flow::Sender<PooledFrame> right(graph, "right", 2, flow::AtEnd::leave);
        using Pair = std::tuple<Number, Frame>;
        tf::join_node<Pair, tf::queueing> join(graph);
        tf::function_node<Pair, Number> add(graph, tf::unlimited, flow::guard(graph, [](const Pair& pair) {
                                                const auto& [number, frame] = pair;
                                                return flow::joined(pair,
                                                                    *number * 1000 + static_cast<int>(frame->header().pts));
                                            }));
        tf::queue_node<Number> queue(graph);
        flow::Receiver<int> in(graph, "in");
        tf::make_edge(left, tf::input_port<0>(join));
        tf::make_edge(right, tf::input_port<1>(join));
        tf::make_edge(join, add);
        tf::make_edge(add, queue);
        tf::make_edge(queue, in);
        Pipeline pipeline(test.engine);
        pipeline.add("numbers", support::numbers, 102) >> pipeline.add("left", left.stage());
        pipeline.add("frames", support::frames, 100) >> pipeline.add("right", right.stage());
        pipeline.add("in", in.stage()) >> pipeline.add("sink", sink([&](int i) { got.push_back(i); }));
        pipeline.run();
        CHECK(counter(pipeline, "left", "left in native nodes") == 2);
        CHECK(test.log->find("left: 2 items stay in native nodes") != "");
        CHECK(test.frames_out() == 0);
        CHECK(left.live() == 2);
        CHECK(right.live() == 0);
    }
    std::vector<int> expected;
    for (int i = 0; i < 100; ++i)
        expected.push_back(i * 1001);
    std::sort(got.begin(), got.end()); // the node is parallel
    CHECK(got == expected);
}
