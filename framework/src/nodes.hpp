#pragma once
// The oneTBB nodes behind ports and stages. The only place, with the files that include it, where oneTBB is seen.
#include <weir/framework/detail/port_base.hpp>

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/task_arena.h>

#include <tuple>

namespace weir::detail {

namespace flow = oneapi::tbb::flow;

/// The message that runs a core.
struct Activation {};

/// Lightweight and noexcept, default constructor of the message included: or oneTBB would make a task of every item.
/// A multifunction_node, though it never puts: a function_node would take the lock of its list of successors for every item.
using ReceiverNode = flow::multifunction_node<Token, std::tuple<flow::continue_msg>, flow::lightweight>;

/// Stores what arrives in the link's mailbox: nothing more, it runs under the sender's list lock.
struct InputNode {
    InputNode(flow::graph& graph, InputBase& port)
        : node(graph, flow::unlimited,
               [&port](const Token& token, ReceiverNode::output_ports_type&) noexcept { port.link()->accept(token); }) {}
    ReceiverNode node;
};

struct OutputNode {
    explicit OutputNode(flow::graph& graph) : node(graph) {}
    flow::broadcast_node<Token> node;
};

} // namespace weir::detail
