#include "spec.hpp"

#include <algorithm>
#include <random>
#include <sstream>

namespace property {
namespace {

constexpr const char* kind_names[] = {"source", "transform", "rewrite", "forward",  "expand", "delay",
                                      "split",  "zip",       "merge",   "parallel", "sink"};
constexpr const char* failing_names[] = {"", " skips", " restarts", " detaches", " fails"};

struct OpenEnd {
    std::size_t node;
    std::size_t port;
};

} // namespace

GraphSpec random_graph(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    GraphSpec spec;
    spec.seed = seed;
    spec.threads = 1 + static_cast<unsigned>(below(4));
    std::vector<OpenEnd> ends; // outputs that may be linked, the unlinked ones first among equals

    const auto add = [&](Kind kind) {
        NodeSpec node;
        node.kind = kind;
        node.seed = random();
        node.quota = 1 + below(8);
        node.count = kind == Kind::source ? below(120) : kind == Kind::delay ? below(20) : 1 + below(3);
        if (kind != Kind::parallel && below(10) == 0)
            node.stop_after = below(40);
        const bool one_to_one = (kind >= Kind::transform && kind <= Kind::expand) || kind == Kind::parallel;
        if (one_to_one && node.stop_after == SIZE_MAX && below(6) == 0) {
            node.failing = static_cast<Failing>(1 + below(4));
            if (kind == Kind::parallel && node.failing != Failing::fails)
                node.failing = Failing::skips; // what is under way in its calls is lost with it, and how much that is depends
        }
        const std::size_t index = spec.nodes.size();
        for (std::size_t port = 0; port < inputs_of(kind); ++port) {
            const OpenEnd from = ends[below(ends.size())];
            spec.links.push_back({from.node, from.port, index, port, 1 + below(8)});
        }
        spec.nodes.push_back(node);
        for (std::size_t port = 0; port < outputs_of(kind); ++port)
            ends.push_back({index, port});
    };

    for (std::size_t sources = 1 + below(2); sources > 0; --sources)
        add(Kind::source);
    for (std::size_t inner = below(8); inner > 0; --inner)
        add(static_cast<Kind>(1 + below(9)));
    for (const OpenEnd end : std::vector<OpenEnd>(ends)) {
        bool used = false;
        for (const LinkSpec& link : spec.links)
            used = used || (link.from == end.node && link.from_port == end.port);
        if (used && below(4) != 0)
            continue;
        NodeSpec sink;
        sink.kind = Kind::sink;
        if (below(10) == 0)
            sink.stop_after = below(40);
        const bool drops = sink.stop_after == SIZE_MAX && below(8) == 0;
        spec.links.push_back({end.node, end.port, spec.nodes.size(), 0, 1 + below(8), drops, drops && below(2) == 0});
        spec.nodes.push_back(sink);
    }
    return spec;
}

std::string to_string(const GraphSpec& spec) {
    std::ostringstream text;
    text << "seed " << spec.seed << ", " << spec.threads << " threads\n";
    for (std::size_t i = 0; i < spec.nodes.size(); ++i) {
        const NodeSpec& node = spec.nodes[i];
        text << "  " << i << ": " << kind_names[static_cast<std::size_t>(node.kind)] << " count " << node.count << " quota "
             << node.quota;
        if (node.stop_after != SIZE_MAX)
            text << " stops after " << node.stop_after;
        text << failing_names[static_cast<std::size_t>(node.failing)];
        text << "\n";
    }
    for (const LinkSpec& link : spec.links)
        text << "  " << link.from << "." << link.from_port << " -> " << link.to << "." << link.to_port << " capacity "
             << link.capacity
             << (!link.drops   ? ""
                 : link.newest ? " drops newest"
                               : " drops oldest")
             << "\n";
    return text.str();
}

namespace {

using Values = std::vector<std::uint64_t>;

/// One node's outputs from the whole of its inputs.
std::vector<Values> run_node(const NodeSpec& node, const std::vector<const Values*>& in) {
    std::vector<Values> out(outputs_of(node.kind));
    const auto each = [&](auto f) {
        for (std::size_t i = 0; i < in[0]->size() && i < node.stop_after; ++i) {
            const std::uint64_t value = (*in[0])[i];
            if (!fails(node, value) || node.failing == Failing::fails)
                f(value);
            else if (node.failing == Failing::detaches)
                return;
        }
    };
    switch (node.kind) {
    case Kind::source:
        for (std::size_t i = 0; i < node.count && i < node.stop_after; ++i)
            out[0].push_back(mix(node.seed, i));
        break;
    case Kind::transform:
    case Kind::rewrite: each([&](std::uint64_t v) { out[0].push_back(mix(node.seed, v)); }); break;
    case Kind::forward:
    case Kind::parallel:
    case Kind::delay: each([&](std::uint64_t v) { out[0].push_back(v); }); break;
    case Kind::expand:
        each([&](std::uint64_t v) {
            for (std::uint64_t k = 0; k < v % 4; ++k)
                out[0].push_back(mix(node.seed + k, v));
        });
        break;
    case Kind::split: each([&](std::uint64_t v) { out[v % 2 ? 0 : 1].push_back(v); }); break;
    case Kind::zip:
        for (std::size_t i = 0; i < in[0]->size() && i < in[1]->size() && i < node.stop_after; ++i)
            out[0].push_back(mix((*in[0])[i], (*in[1])[i]));
        break;
    case Kind::merge: {
        std::size_t a = 0;
        std::size_t b = 0;
        std::size_t read = 0;
        while ((a < in[0]->size() || b < in[1]->size()) && read < node.stop_after) {
            for (std::size_t k = 0; k < node.count && a < in[0]->size() && read < node.stop_after; ++k, ++read)
                out[0].push_back((*in[0])[a++]);
            if (b < in[1]->size() && read < node.stop_after) {
                out[0].push_back((*in[1])[b++]);
                ++read;
            }
        }
        break;
    }
    case Kind::sink: break;
    }
    return out;
}

} // namespace

bool may_fail(const GraphSpec& spec) noexcept {
    return std::any_of(spec.nodes.begin(), spec.nodes.end(),
                       [](const NodeSpec& node) { return node.failing == Failing::fails; });
}

Results interpret(const GraphSpec& spec) {
    const Outputs outputs = interpret_outputs(spec);
    Results results(spec.nodes.size());
    for (const LinkSpec& link : spec.links) {
        const NodeSpec& node = spec.nodes[link.to];
        const Values& in = outputs[link.from][link.from_port];
        if (node.kind == Kind::sink)
            results[link.to].assign(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(std::min(node.stop_after, in.size())));
    }
    return results;
}

Outputs interpret_outputs(const GraphSpec& spec) {
    Outputs outputs(spec.nodes.size());
    for (std::size_t i = 0; i < spec.nodes.size(); ++i) {
        const NodeSpec& node = spec.nodes[i];
        std::vector<const Values*> in(inputs_of(node.kind));
        for (const LinkSpec& link : spec.links)
            if (link.to == i)
                in[link.to_port] = &outputs[link.from][link.from_port];
        outputs[i] = run_node(node, in);
    }
    return outputs;
}

} // namespace property
