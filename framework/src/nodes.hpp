#pragma once
// The oneTBB nodes behind ports and stages. The only place, with the files that include it, where oneTBB is seen.
#include <weir/framework/detail/port_base.hpp>

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace weir::detail {

namespace flow = oneapi::tbb::flow;

/// The message that runs a core.
struct Activation {};

/// Lightweight and noexcept, default constructor of the message included: or oneTBB would make a task of every item.
/// A multifunction_node, though it never puts: a function_node would take the lock of its list of successors for every item.
using ReceiverNode = flow::multifunction_node<Token, std::tuple<flow::continue_msg>, flow::lightweight>;

/// Has no queue and no limit of its own: ActivationState lets one at a time through.
using ActivationNode = flow::multifunction_node<Activation, std::tuple<flow::continue_msg>, flow::lightweight>;

/// Stores what arrives in the link's mailbox: nothing more.
struct InputNode {
    InputNode(flow::graph& graph, InputBase& port)
        : node(graph, flow::unlimited,
               [&port](const Token& token, ReceiverNode::output_ports_type&) noexcept { port.link()->accept(token); }) {}
    ReceiverNode node;
};

/// A broadcast_node takes a lock for every item. The list of successors kept here needs none: edges change before anything
/// runs, in the core of the port's stage, which alone puts, or when that has ended, under the topology's mutex.
class OutputNode final : public flow::broadcast_node<Token> {
public:
    using broadcast_node::broadcast_node;
    OutputNode(const OutputNode&) = delete; // a broadcast_node's copy has none of its edges
    OutputNode& operator=(const OutputNode&) = delete;

    void put(const Token& token) noexcept {
        for (successor_type* const successor : successors_)
            successor->try_put(token);
    }
    /// Throws std::bad_alloc, and has done nothing then.
    bool register_successor(successor_type& successor) override {
        successors_.reserve(successors_.size() + 1);
        const bool done = broadcast_node::register_successor(successor);
        successors_.push_back(&successor);
        return done;
    }
    bool remove_successor(successor_type& successor) override {
        successors_.erase(std::remove(successors_.begin(), successors_.end(), &successor), successors_.end());
        return broadcast_node::remove_successor(successor);
    }

private:
    std::vector<successor_type*> successors_;
};

} // namespace weir::detail
