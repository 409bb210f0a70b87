#include "spec.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <sstream>

namespace property {
namespace {

constexpr const char* kind_names[] = {"source", "transform", "rewrite", "forward", "filter",   "expand",
                                      "delay",  "split",     "zip",     "merge",   "parallel", "sink"};
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
        if (kind == Kind::filter)
            node.stop_after = SIZE_MAX; // it has no way to
        if (node.stop_after == SIZE_MAX && below(6) == 0) {
            node.failing = static_cast<Failing>(1 + below(4));
            if (kind == Kind::parallel && node.failing != Failing::fails)
                node.failing = Failing::skips; // what is under way in its calls is lost with it, and how much that is depends
        }
        if (kind == Kind::source) // of that shape, one cannot skip
            node.shape = node.failing != Failing::skips && below(3) == 0;
        if (kind == Kind::forward)
            node.shape = node.stop_after == SIZE_MAX && below(2) == 0;
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
        add(static_cast<Kind>(1 + below(10)));
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
        if (sink.stop_after == SIZE_MAX && below(8) == 0)
            sink.failing = static_cast<Failing>(1 + below(4));
        if (drops && sink.failing == Failing::detaches)
            sink.failing = Failing::never; // the item at which it goes may be among those that were dropped
        sink.shape = sink.stop_after == SIZE_MAX && below(2) == 0;
        spec.links.push_back({end.node, end.port, spec.nodes.size(), 0, 1 + below(8), drops, drops && below(2) == 0});
        spec.nodes.push_back(sink);
    }
    return spec;
}

void change_bounds(GraphSpec& spec, std::uint64_t seed) {
    std::mt19937_64 random(mix(spec.seed, seed));
    spec.threads = 1 + static_cast<unsigned>(random() % 4);
    for (NodeSpec& node : spec.nodes) {
        node.quota = 1 + random() % 8;
        node.blocking = random() % 8 == 0;
        const bool loses_calls = node.failing == Failing::restarts || node.failing == Failing::detaches;
        node.stateless = node.kind == Kind::forward && node.shape && !loses_calls && random() % 2 == 0;
    }
    for (LinkSpec& link : spec.links)
        link.capacity = 1 + random() % 8;
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
        text << failing_names[static_cast<std::size_t>(node.failing)] << (node.shape ? " as a shape" : "")
             << (node.blocking ? " blocking" : "") << (node.stateless ? " stateless" : "");
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

/// What becomes of an item that a node has read, as if nobody failed who ends the run.
enum class Fate : std::uint8_t { taken, left_out, starts_anew, ends };

Fate fate(const NodeSpec& node, std::uint64_t value) {
    if (!fails(node, value) || node.failing == Failing::fails)
        return Fate::taken;
    return node.failing == Failing::skips ? Fate::left_out : node.failing == Failing::restarts ? Fate::starts_anew : Fate::ends;
}

/// Calls `f` with each value that the node takes, for nodes that keep nothing from one to the next.
template <class F> void each(const NodeSpec& node, const Values& in, F f) {
    for (std::size_t i = 0; i < in.size() && i < node.stop_after; ++i) {
        const Fate what = fate(node, in[i]);
        if (what == Fate::ends)
            return;
        if (what == Fate::taken)
            f(in[i]);
    }
}

void delay(const NodeSpec& node, const Values& in, Values& out) {
    std::deque<std::uint64_t> held;
    for (std::size_t i = 0; i < in.size() && i < node.stop_after; ++i) {
        const Fate what = fate(node, in[i]);
        if (what == Fate::ends)
            return; // and what it holds is lost
        if (what == Fate::starts_anew)
            held.clear();
        if (what != Fate::taken)
            continue;
        held.push_back(in[i]);
        if (held.size() > node.count) {
            out.push_back(held.front());
            held.pop_front();
        }
    }
    out.insert(out.end(), held.begin(), held.end());
}

void merge(const NodeSpec& node, const Values& first, const Values& second, Values& out) {
    std::size_t a = 0;
    std::size_t b = 0;
    const auto read = [&] { return a + b; };
    while ((a < first.size() || b < second.size()) && read() < node.stop_after) {
        Fate what = Fate::taken;
        const auto pass_on = [&](std::uint64_t value) {
            what = fate(node, value);
            if (what == Fate::taken)
                out.push_back(value);
            return what == Fate::taken || what == Fate::left_out;
        };
        bool goes_on = true;
        for (std::size_t k = 0; k < node.count && a < first.size() && read() < node.stop_after && goes_on; ++k)
            goes_on = pass_on(first[a++]);
        if (goes_on && b < second.size() && read() < node.stop_after)
            pass_on(second[b++]);
        if (what == Fate::ends)
            return;
    }
}

/// One node's outputs from the whole of its inputs.
std::vector<Values> run_node(const NodeSpec& node, const std::vector<const Values*>& in) {
    std::vector<Values> out(outputs_of(node.kind));
    switch (node.kind) {
    case Kind::source: {
        Values made;
        for (std::size_t i = 0; i < node.count; ++i)
            made.push_back(mix(node.seed, i));
        each(node, made, [&](std::uint64_t v) { out[0].push_back(v); });
        break;
    }
    case Kind::transform:
    case Kind::rewrite: each(node, *in[0], [&](std::uint64_t v) { out[0].push_back(mix(node.seed, v)); }); break;
    case Kind::forward:
    case Kind::parallel: each(node, *in[0], [&](std::uint64_t v) { out[0].push_back(v); }); break;
    case Kind::filter:
        each(node, *in[0], [&](std::uint64_t v) {
            if (passes(node, v))
                out[0].push_back(v);
        });
        break;
    case Kind::delay: delay(node, *in[0], out[0]); break;
    case Kind::expand:
        each(node, *in[0], [&](std::uint64_t v) {
            for (std::uint64_t k = 0; k < v % 4; ++k)
                out[0].push_back(mix(node.seed + k, v));
        });
        break;
    case Kind::split: each(node, *in[0], [&](std::uint64_t v) { out[v % 2 ? 0 : 1].push_back(v); }); break;
    case Kind::zip: {
        Values pairs;
        for (std::size_t i = 0; i < in[0]->size() && i < in[1]->size(); ++i)
            pairs.push_back(mix((*in[0])[i], (*in[1])[i]));
        each(node, pairs, [&](std::uint64_t v) { out[0].push_back(v); });
        break;
    }
    case Kind::merge: merge(node, *in[0], *in[1], out[0]); break;
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
            each(node, in, [&](std::uint64_t value) { results[link.to].push_back(value); });
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
