#pragma once
// The same ten stages as plain oneTBB nodes: serial, with queues that have no bound, no statistics and no ledger.
#include "pass_through.hpp"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/task_arena.h>

#include <chrono>
#include <latch>
#include <memory>
#include <vector>

namespace bench {

/// A chain of `function_node`s behind an `input_node`, in an arena with so many workers and nobody else.
template <class Item> class TbbChain {
public:
    explicit TbbChain(unsigned threads) : arena_(static_cast<int>(threads) + 1, 1) { arena_.initialize(); }

    /// Sends so many items through, `make()` each; nanoseconds a hop.
    template <class Make> double pass_through(Make make, int items) {
        namespace flow = oneapi::tbb::flow;
        std::latch done(1);
        std::unique_ptr<flow::graph> graph;
        arena_.execute([&] { graph = std::make_unique<flow::graph>(); });
        flow::input_node<Item> source(*graph, [&make, left = items](oneapi::tbb::flow_control& control) mutable -> Item {
            if (left-- == 0) {
                control.stop();
                return {};
            }
            return make();
        });
        std::vector<std::unique_ptr<flow::function_node<Item, Item>>> chain;
        flow::sender<Item>* last = &source;
        for (int i = 0; i < stages; ++i) {
            chain.push_back(std::make_unique<flow::function_node<Item, Item>>(
                *graph, flow::serial, [](const Item& passed) -> Item { return passed; }));
            flow::make_edge(*last, *chain.back());
            last = chain.back().get();
        }
        flow::function_node<Item> sink(*graph, flow::serial, [&done, left = items](const Item&) mutable {
            if (--left == 0)
                done.count_down();
        });
        flow::make_edge(*last, sink);
        const auto begin = std::chrono::steady_clock::now();
        arena_.enqueue([&source] { source.activate(); });
        done.wait(); // not wait_for_all, which would be one worker more
        const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
        arena_.execute([&graph] { graph->wait_for_all(); });
        return time.count() / (static_cast<double>(items) * hops);
    }

private:
    oneapi::tbb::task_arena arena_;
};

} // namespace bench
