// Native oneTBB nodes between the stages of a pipeline.
#include <weir/framework/flow.hpp>

#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <latch>
#include <numeric>
#include <thread>

using namespace weir;
namespace tf = oneapi::tbb::flow;
using support::TestEngine;

namespace {

using Frame = flow::Message<PooledFrame>;
using Number = flow::Message<int>;

void until_state(const Pipeline& pipeline, const std::string& stage, const std::string& state) {
    for (;;) {
        for (const StageSnapshot& s : pipeline.snapshot().stages)
            if (s.name == stage && s.state.find(state) != std::string::npos)
                return;
        std::this_thread::yield();
    }
}

std::vector<int> up_to(int count) {
    std::vector<int> result(static_cast<std::size_t>(count));
    std::iota(result.begin(), result.end(), 0);
    return result;
}

std::uint64_t counter(const Pipeline& pipeline, const std::string& stage, const std::string& name) {
    for (const StageSnapshot& s : pipeline.snapshot().stages)
        if (s.name == stage && s.counters.contains(name))
            return s.counters.at(name);
    return 0;
}

/// Counts how many messages there are between a sender and a receiver, from what the bodies of nodes see.
struct Peak {
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    void enter() {
        const int n = now.fetch_add(1) + 1;
        int seen = most.load();
        while (n > seen && !most.compare_exchange_weak(seen, n)) {
        }
    }
    void leave() { now.fetch_sub(1); }
};

} // namespace

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

TEST_CASE("a join_node of two streams sits between stages; what has no partner is left, and said", "[framework][flow]") {
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
