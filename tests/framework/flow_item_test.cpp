// What items are between native nodes: quotas, credits, items that only move.
#include "support/flow.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace weir;
namespace tf = oneapi::tbb::flow;
using support::Frame;
using support::Number;
using support::TestEngine;
using support::up_to;

TEST_CASE("what comes behind native nodes counts in the quota of the frames' producer", "[framework][flow]") {
    TestEngine test;
    flow::Graph graph(test.engine);
    flow::Sender<PooledFrame> out(graph, "out", 2);
    tf::queue_node<Frame> queue(graph);
    flow::Receiver<PooledFrame> in(graph, "in", 1);
    tf::make_edge(out, queue);
    tf::make_edge(queue, in);
    std::size_t most = 0;
    Pipeline pipeline(test.engine);
    pipeline.add("frames", support::frames, 60) >> pipeline.add("out", out.stage());
    pipeline.add("in", in.stage()) >>
        pipeline.add("collect", StageTraits{.holds = 25}, [&](Input<PooledFrame> input) -> Process {
            std::vector<PooledFrame> held;
            while (auto frame = co_await input.next()) {
                held.push_back(std::move(*frame));
                most = std::max(most, held.size());
                if (held.size() == 25)
                    held.clear();
            }
        });
    pipeline.run(); // it would wait for ever for a quota that ends at the sender
    CHECK(most == 25);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a native source of plain items feeds a pipeline until it says that it was all", "[framework][flow]") {
    const unsigned threads = GENERATE(1u, 2u);
    TestEngine test(threads);
    flow::Graph graph(test.engine);
    int next = 0;
    tf::input_node<int> source(graph, flow::guard(graph, [&](oneapi::tbb::flow_control& control) {
                                   if (next == 3000)
                                       control.stop();
                                   return next++;
                               }));
    tf::queue_node<int> queue(graph);
    flow::Receiver<int, int> in(graph, "in", 4);
    tf::make_edge(source, queue);
    tf::make_edge(queue, in);
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    pipeline.add("in", in.stage()) >> pipeline.add("sink", sink([&](int i) { got.push_back(i); }));
    pipeline.start();
    source.activate();
    in.end();
    pipeline.wait();
    graph.wait();
    CHECK(got == up_to(3000));
}

TEST_CASE("the credit goes on with what was made of an item", "[framework][flow]") {
    TestEngine test;
    flow::Graph graph(test.engine);
    flow::Sender<int> out(graph, "out", 2);
    tf::queue_node<Number> queue(graph);
    tf::make_edge(out, queue);
    Pipeline pipeline(test.engine);
    pipeline.add("numbers", support::numbers, 2) >> pipeline.add("out", out.stage());
    pipeline.start();
    Number first;
    Number second;
    while (!queue.try_get(first))
        std::this_thread::yield();
    while (!queue.try_get(second))
        std::this_thread::yield();
    {
        flow::Message<std::string> text = first.with(std::string("first"));
        first = {};
        CHECK(out.live() == 2);
        CHECK(*text == "first");
        flow::Message<double> both = flow::joined(std::tuple(text, second), 1.5);
        text = {};
        second = {};
        CHECK(out.live() == 2);
        CHECK(*both == 1.5);
    }
    pipeline.wait(); // for the stage's own handle, too, which it has until its put is over
    CHECK(out.live() == 0);
}

TEST_CASE("an item can be taken out of a message, changed and put back in its place", "[framework][flow]") {
    const flow::Message<std::unique_ptr<int>> message(std::make_unique<int>(1));
    std::unique_ptr<int> item = message.take();
    CHECK_THROWS_AS(message.take(), std::logic_error);
    *item = 2;
    const auto again = message.with(std::move(item));
    CHECK(&*again == &*message);
    CHECK(**again == 2);
}

TEST_CASE("items that can only be moved go through native nodes", "[framework][flow]") {
    TestEngine test;
    using Item = std::unique_ptr<int>;
    using Message = flow::Message<Item>;
    flow::Graph graph(test.engine);
    flow::Sender<Item> out(graph, "out", 3);
    tf::function_node<Message, Message> node(graph, tf::serial, flow::guard(graph, [](const Message& message) {
                                                 Item item = message.take();
                                                 ++*item;
                                                 return message.with(std::move(item));
                                             }));
    tf::queue_node<Message> queue(graph);
    flow::Receiver<Item> in(graph, "in");
    tf::make_edge(out, node);
    tf::make_edge(node, queue);
    tf::make_edge(queue, in);
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    pipeline.add("numbers",
                 [](Output<Item> output) -> Process {
                     for (int i = 0; i < 1000; ++i) {
                         auto item = std::make_unique<int>(i - 1);
                         if (!co_await output.put(std::move(item)))
                             co_return;
                     }
                 }) >>
        pipeline.add("out", out.stage());
    pipeline.add("in", in.stage()) >> pipeline.add("sink", sink([&](Item item) { got.push_back(*item); }));
    pipeline.run();
    std::sort(got.begin(), got.end()); // a serial node may give its results out of order
    CHECK(got == up_to(1000));
}

TEST_CASE("what a node keeps until the end is flushed by the sender's call, before the stream ends", "[framework][flow]") {
    TestEngine test;
    flow::Graph graph(test.engine);
    flow::Sender<int> out(graph, "out", 8);
    flow::Receiver<int> in(graph, "in");
    tf::queue_node<Number> queue(graph);
    int sum = 0;
    tf::function_node<Number> add(graph, tf::serial, flow::guard(graph, [&](const Number& number) {
                                      sum += *number;
                                      if (*number < 0)
                                          static_cast<void>(queue.try_put(Number(sum + 1)));
                                  }));
    tf::make_edge(out, add);
    tf::make_edge(queue, in);
    out.on_end([&] { add.try_put(Number(-1)); });
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    pipeline.add("numbers", support::numbers, 101) >> pipeline.add("out", out.stage());
    pipeline.add("in", in.stage()) >> pipeline.add("sink", sink([&](int i) { got.push_back(i); }));
    pipeline.run();
    CHECK(got == std::vector{5050});
}

TEST_CASE("pipelines run one after the other through the same native nodes", "[framework][flow]") {
    TestEngine test;
    flow::Graph graph(test.engine);
    flow::Sender<PooledFrame> out(graph, "out", 3);
    tf::queue_node<Frame> queue(graph);
    flow::Receiver<PooledFrame> in(graph, "in", 1);
    tf::make_edge(out, queue);
    tf::make_edge(queue, in);
    for (int run = 0; run < 50; ++run) {
        const bool cancelled = run % 3 == 2;
        int got = 0;
        std::latch some(1);
        Pipeline pipeline(test.engine);
        pipeline.add("frames", support::frames, cancelled ? 1000000 : 100) >> pipeline.add("out", out.stage());
        pipeline.add("in", in.stage()) >> pipeline.add("sink", sink([&](PooledFrame) {
                                                           if (++got == 10)
                                                               some.count_down();
                                                       }));
        pipeline.start();
        some.wait();
        if (cancelled) {
            pipeline.cancel();
            CHECK_THROWS_AS(pipeline.wait(), Cancelled);
        } else {
            pipeline.wait();
            CHECK(got == 100);
        }
        CHECK(test.frames_out() == 0);
    }
}

TEST_CASE("a slow reader and a slow native node hold each other's frames to the bounds", "[framework][flow]") {
    const unsigned threads = GENERATE(1u, 2u, 4u);
    const bool native_slow = GENERATE(false, true);
    TestEngine test(threads);
    flow::Graph graph(test.engine);
    flow::Sender<PooledFrame> out(graph, "out", 3);
    const auto dawdle = [] {
        for (int i = 0; i < 20; ++i)
            std::this_thread::yield();
    };
    tf::function_node<Frame, Frame, tf::rejecting> node(graph, tf::serial, flow::guard(graph, [&](const Frame& frame) {
                                                            if (native_slow)
                                                                dawdle();
                                                            return frame;
                                                        }));
    tf::queue_node<Frame> queue(graph);
    flow::Receiver<PooledFrame> in(graph, "in", 1);
    tf::make_edge(out, node); // it rejects while it is busy, and pulls from the sender
    tf::make_edge(node, queue);
    tf::make_edge(queue, in);
    std::vector<int> got;
    std::size_t most_out = 0;
    Pipeline pipeline(test.engine);
    pipeline.add("frames", support::frames, 1000) >> pipeline.add("out", out.stage());
    pipeline.add("in", in.stage()) >> pipeline.add("sink", sink([&](PooledFrame frame) {
                                                       if (!native_slow)
                                                           dawdle();
                                                       most_out = std::max(most_out, test.frames_out());
                                                       got.push_back(static_cast<int>(frame.header().pts));
                                                   }));
    pipeline.run();
    std::sort(got.begin(), got.end()); // a serial node may give its results out of order
    CHECK(got == up_to(1000));
    CHECK(out.peak() <= 3);
    CHECK(most_out <= 2 + 1 + 1 + 3 + 1 + 2 + 1); // links, hands and native nodes
    CHECK(test.frames_out() == 0);
}
