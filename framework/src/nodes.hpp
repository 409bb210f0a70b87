#pragma once
// The oneTBB nodes behind ports and stages. The only place, with the files that include it, where oneTBB is seen.
#include <weir/framework/detail/port_base.hpp>

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/task_arena.h>

namespace weir::detail {

namespace flow = oneapi::tbb::flow;

/// The message that runs a core.
struct Activation {};

/// Lightweight and noexcept, default constructor of the message included: or oneTBB would make a task of every item.
using ReceiverNode = flow::function_node<Token, flow::continue_msg, flow::lightweight>;

/// Stores what arrives in the link's mailbox: nothing more, it runs under the sender's list lock.
struct InputNode {
    InputNode(flow::graph& graph, InputBase& port)
        : node(graph, flow::unlimited, [&port](const Token& token) noexcept -> flow::continue_msg {
              port.link()->accept(token);
              return {};
          }) {}
    ReceiverNode node;
};

struct OutputNode {
    explicit OutputNode(flow::graph& graph) : node(graph) {}
    flow::broadcast_node<Token> node;
};

} // namespace weir::detail
