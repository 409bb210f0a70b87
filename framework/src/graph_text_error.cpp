#include <weir/framework/graph_text.hpp>
#include <weir/framework/printable.hpp>
#include <weir/framework/redact.hpp>

#include <algorithm>
#include <utility>

namespace weir {

namespace {

std::string_view line_of(std::string_view text, std::size_t line) noexcept {
    for (; line > 1; --line) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos)
            return {};
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
}

// The first `count` characters.
std::string_view first_characters(std::string_view text, std::size_t count) noexcept {
    std::size_t bytes = 0;
    while (bytes < text.size() && ((static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U || count-- > 0))
        ++bytes;
    return text.substr(0, bytes);
}

std::string shown(std::string_view text) {
    std::string result = redact_urls(text);
    std::ranges::replace(result, '\t', ' ');
    std::erase(result, '\r');
    return printable(result);
}

// The line and a caret below the column; of a long line, what surrounds the place.
std::string excerpt(std::string_view line, std::size_t column) {
    constexpr std::size_t before = 60;
    constexpr std::size_t width = 100;
    std::string text = shown(line);
    std::size_t caret = count_characters(shown(first_characters(line, column - 1)));
    if (caret > before) {
        text.erase(0, first_characters(text, caret - before).size());
        text.insert(0, "...");
        caret = before + 3;
    }
    if (count_characters(text) > width)
        text = std::string(first_characters(text, width)) + "...";
    return "\n  " + text + "\n  " + std::string(caret, ' ') + '^';
}

std::string message_text(const std::string& message, const GraphText& graph, TextPosition position, const std::string& stage) {
    const auto found = std::ranges::find(graph.stages, stage, &GraphText::Stage::name);
    std::string text = graph.file + ':' + std::to_string(position.line) + ':' + std::to_string(position.column) + ": ";
    if (found != graph.stages.end())
        text += found->name == found->type ? stage + ": " : stage + " (" + found->type + "): ";
    text = printable(text + redact_urls(message));
    const std::string_view line = line_of(graph.text, position.line);
    return line.empty() ? text : text + excerpt(line, position.column);
}

} // namespace

GraphTextError::GraphTextError(const std::string& message, const GraphText& graph, TextPosition position, std::string stage,
                               std::string option)
    : GraphError(message_text(message, graph, position, stage)), file_(graph.file), position_(position),
      stage_(std::move(stage)), option_(std::move(option)) {}

} // namespace weir
