#pragma once
// A random graph of stages as data: made from a seed, interpreted in sequence, and run for real.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace property {

enum class Kind : std::uint8_t {
    source,    ///< `count` new items
    transform, ///< a new item for each
    rewrite,   ///< the same item, changed in place (copied if it is shared)
    forward,   ///< the same item, unchanged
    filter,    ///< the same item, unchanged, or nothing, by its value
    expand,    ///< 0 to 3 new items for each, by its value
    delay,     ///< keeps `count` items before it lets the first go, and says nothing of it
    split,     ///< odd values to out0, even ones to out1
    zip,       ///< one new item of one from each input, until either ends
    merge,     ///< `count` from the first, one from the second, in turn, until both end
    parallel,  ///< the same item, unchanged, with `count` calls at once
    sink,      ///< records
};

/// What a node does with the items that it cannot take (see `fails`).
enum class Failing : std::uint8_t {
    never,
    skips,    ///< reports them and goes on
    restarts, ///< throws and is made anew
    detaches, ///< throws and is left behind: its output ends
    fails,    ///< throws and ends the run
};

struct NodeSpec {
    Kind kind = Kind::sink;
    std::uint64_t seed = 0;
    std::size_t count = 0;
    std::size_t stop_after = SIZE_MAX; ///< returns early after so many items read (or made, for a source)
    std::size_t quota = 0;
    Failing failing = Failing::never;
    bool shape = false; ///< not a coroutine, for sources, forward and sinks
    bool blocking = false;
    bool stateless = false; ///< forward as a shape
};

struct LinkSpec {
    std::size_t from = 0;
    std::size_t from_port = 0;
    std::size_t to = 0;
    std::size_t to_port = 0;
    std::size_t capacity = 1;
    bool drops = false;  ///< only towards sinks: what they record is then a part of what was sent
    bool newest = false; ///< it drops what comes, not what waits
};

struct GraphSpec {
    std::uint64_t seed = 0;
    unsigned threads = 1;
    std::vector<NodeSpec> nodes; ///< every link leads to a later node
    std::vector<LinkSpec> links;
};

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t x = a * 0x9e3779b97f4a7c15ull + b + 0x7f4a7c15ull;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ull;
    x ^= x >> 29;
    return x;
}

[[nodiscard]] constexpr std::size_t inputs_of(Kind kind) noexcept {
    return kind == Kind::source ? 0 : kind == Kind::zip || kind == Kind::merge ? 2 : 1;
}
[[nodiscard]] constexpr std::size_t outputs_of(Kind kind) noexcept {
    return kind == Kind::sink ? 0 : kind == Kind::split ? 2 : 1;
}

/// Whether the node cannot take that value.
[[nodiscard]] constexpr bool fails(const NodeSpec& node, std::uint64_t value) noexcept {
    return node.failing != Failing::never && mix(~node.seed, value) % 16 == 0;
}

/// Whether a filter lets it pass.
[[nodiscard]] constexpr bool passes(const NodeSpec& node, std::uint64_t value) noexcept {
    return mix(node.seed, value) % 3 != 0;
}

[[nodiscard]] GraphSpec random_graph(std::uint64_t seed);
/// Gives it another number of threads, other capacities and quotas, which must not change what comes out.
void change_bounds(GraphSpec& spec, std::uint64_t seed);
[[nodiscard]] std::string to_string(const GraphSpec& spec);

/// What each sink records, by node: the definition of what the graph means.
using Results = std::vector<std::vector<std::uint64_t>>;
/// As if nobody failed who ends the run.
[[nodiscard]] Results interpret(const GraphSpec& spec);
/// What each node puts, by node and port, if nobody leaves before it has put all.
using Outputs = std::vector<std::vector<std::vector<std::uint64_t>>>;
[[nodiscard]] Outputs interpret_outputs(const GraphSpec& spec);
/// Somebody's failure may end the run.
[[nodiscard]] bool may_fail(const GraphSpec& spec) noexcept;

} // namespace property
