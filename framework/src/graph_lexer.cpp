#include "graph_lexer.hpp"

#include <algorithm>

namespace weir::detail {

namespace {

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }
bool ends_word(char c) noexcept { return is_blank(c) || c == '\n' || c == ';' || c == '!'; }

} // namespace

bool is_name(std::string_view word) noexcept {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return !word.empty() && word.find_first_not_of(allowed) == std::string_view::npos;
}

GraphToken GraphLexer::next() {
    skip_blanks();
    GraphToken token;
    token.position = position_;
    if (at_end())
        return token;
    switch (text_[offset_]) {
    case '!': token.kind = GraphToken::Kind::link; break;
    case ';': token.kind = GraphToken::Kind::separator; break;
    case '\n': token.kind = GraphToken::Kind::new_line; break;
    default: read_word(token); return token;
    }
    static_cast<void>(take());
    return token;
}

char GraphLexer::take() noexcept {
    const char c = text_[offset_++];
    if (c == '\n')
        position_ = {position_.line + 1, 1};
    else if (at_end() || (static_cast<unsigned char>(text_[offset_]) & 0xC0U) != 0x80U) // not within a character
        ++position_.column;
    return c;
}

void GraphLexer::skip_blanks() noexcept {
    while (!at_end()) {
        if (text_[offset_] == '#') { // within a word it is none
            while (!at_end() && text_[offset_] != '\n')
                static_cast<void>(take());
        } else if (text_.substr(offset_).starts_with("\\\n")) { // a line that goes on
            static_cast<void>(take());
            static_cast<void>(take());
        } else if (is_blank(text_[offset_])) {
            static_cast<void>(take());
        } else {
            return;
        }
    }
}

void GraphLexer::read_word(GraphToken& token) {
    token.kind = GraphToken::Kind::word;
    bool plain = true;
    while (!at_end() && !ends_word(text_[offset_])) {
        const TextPosition start = position_;
        const char c = take();
        const bool quoting = c == '\\' || c == '"' || c == '\'';
        if (quoting && plain) {
            plain = false;
            token.plain = token.text.size();
        }
        if (c == '\\') {
            if (at_end())
                throw GraphTextError("there is nothing after the backslash", graph_, start);
            const char next = take();
            if (next != '\n')
                token.text += next;
        } else if (quoting) {
            --offset_; // the quote itself is looked at again: it says what ends the text
            position_ = start;
            read_quoted(token, start);
        } else {
            if (c == '=' && token.equals == GraphToken::none && plain && is_name(token.text))
                token.equals = token.text.size();
            token.text += c;
        }
    }
    if (plain)
        token.plain = token.text.size();
}

void GraphLexer::read_quoted(GraphToken& token, TextPosition start) {
    const char quote = take();
    while (!at_end()) {
        char c = take();
        if (c == quote)
            return;
        if (c == '\\' && quote == '"' && !at_end() && (text_[offset_] == '"' || text_[offset_] == '\\'))
            c = take();
        token.text += c;
    }
    throw GraphTextError("these quotes do not end", graph_, start);
}

} // namespace weir::detail
