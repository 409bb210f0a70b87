#pragma once
// The words of the one-line graph language.
#include <weir/framework/graph_text.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::detail {

struct GraphToken {
    enum class Kind { word, link, separator, new_line, end };
    static constexpr auto none = std::string::npos;

    Kind kind = Kind::end;
    TextPosition position;
    std::string text;          ///< without quotes
    std::size_t plain = 0;     ///< so many of its first characters were written without quotes
    std::size_t equals = none; ///< the first '=' if what stands before it is a plain word
};

/// Cuts a text into tokens, one at a time; any bytes are allowed.
class GraphLexer {
public:
    explicit GraphLexer(const GraphText& graph) noexcept : graph_(graph), text_(graph.text) {}

    /// Throws GraphTextError for quotes that do not end.
    [[nodiscard]] GraphToken next();

private:
    [[nodiscard]] bool at_end() const noexcept { return offset_ == text_.size(); }
    char take() noexcept;
    void skip_blanks() noexcept;
    void read_word(GraphToken& token);
    void read_quoted(GraphToken& token, TextPosition start);

    const GraphText& graph_;
    std::string_view text_;
    std::size_t offset_ = 0;
    TextPosition position_;
};

/// Letters, digits, '_' and '-': what names, types and the keys of options are made of.
[[nodiscard]] bool is_name(std::string_view word) noexcept;

} // namespace weir::detail
