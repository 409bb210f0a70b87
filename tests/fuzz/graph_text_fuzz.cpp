// Any bytes as a graph in the one-line language: refused with an error, or a model that is whole.
#include <weir/framework/graph_text.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

namespace {

void require(bool condition) {
    if (!condition)
        std::abort();
}

void check(const weir::GraphText& graph) {
    std::set<std::string_view> names;
    for (const auto& stage : graph.stages) {
        require(names.insert(stage.name).second);
        require(stage.arguments.size() == stage.argument_positions.size());
        for (const auto& position : stage.argument_positions)
            require(position.line >= stage.position.line && position.column >= 1);
    }
    for (const auto& link : graph.links)
        require(names.contains(link.from.stage) && names.contains(link.to.stage));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        check(weir::parse_graph({reinterpret_cast<const char*>(data), size}));
    } catch (const weir::GraphTextError& error) {
        const std::string_view text = error.what();
        require(!text.empty() && text.find('\x1B') == std::string_view::npos);
    }
    return 0;
}
