#include <weir/framework/graph_text.hpp>

#include "graph_lexer.hpp"
#include "nearest_text.hpp"

#include <map>
#include <set>
#include <utility>

namespace weir {

namespace {

using detail::GraphLexer;
using detail::GraphToken;

constexpr std::size_t max_links = 10 * max_graph_stages;

// What stands between two '!': a stage or a reference, which of them only the whole text tells.
struct Element {
    std::string name; // before the colon
    TextPosition name_position;
    std::string word; // the type, or the name referred to
    std::string port; // after the dot
    bool dotted = false;
    bool plain = true; // the word is written without quotes
    TextPosition position;
    TextPosition link_position; // of the '!' before it
    std::vector<Argument> arguments;
    std::vector<TextPosition> argument_positions;
};
using Chain = std::vector<Element>;

class Parser {
public:
    explicit Parser(GraphText graph) : graph_(std::move(graph)), lexer_(graph_), token_(lexer_.next()) {}
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

    GraphText parse() {
        read_chains();
        collect_names();
        for (const Chain& chain : chains_)
            resolve(chain);
        if (graph_.stages.empty())
            fail("the graph is empty", {});
        return std::move(graph_);
    }

private:
    [[noreturn]] void fail(const std::string& message, TextPosition position, std::string stage = {}) const {
        throw GraphTextError(message, graph_, position, std::move(stage));
    }
    void advance() { token_ = lexer_.next(); }
    void skip_lines() {
        while (token_.kind == GraphToken::Kind::new_line)
            advance();
    }

    void read_chains() {
        while (true) {
            while (token_.kind == GraphToken::Kind::separator || token_.kind == GraphToken::Kind::new_line)
                advance();
            if (token_.kind == GraphToken::Kind::end)
                return;
            chains_.push_back(read_chain());
        }
    }

    Chain read_chain() {
        Chain chain;
        if (token_.kind == GraphToken::Kind::link)
            fail("there is nothing before this '!'", token_.position);
        chain.push_back(read_element());
        while (true) {
            skip_lines(); // the next line may go on with '!'
            if (token_.kind != GraphToken::Kind::link)
                break;
            const TextPosition link = token_.position;
            advance();
            skip_lines();
            if (token_.kind != GraphToken::Kind::word)
                fail("there is nothing after this '!'", link);
            if (++links_ > max_links)
                fail("the graph has more than " + std::to_string(max_links) + " links", link);
            chain.push_back(read_element());
            chain.back().link_position = link;
        }
        return chain;
    }

    Element read_element() {
        if (++elements_ > max_links + max_graph_stages)
            fail("the graph has more than " + std::to_string(max_graph_stages) + " stages", token_.position);
        Element element;
        split_name(element);
        element.position = token_.position;
        element.plain = token_.plain == token_.text.size();
        element.word = std::move(token_.text);
        const auto dot = element.word.find('.');
        if (element.plain && element.name.empty() && dot != std::string::npos) {
            element.dotted = true;
            element.port = element.word.substr(dot + 1);
            element.word.resize(dot);
            if (element.word.empty() || element.port.empty())
                fail("a reference to a port is written stage.port", element.position);
        }
        for (advance(); token_.kind == GraphToken::Kind::word; advance()) {
            element.argument_positions.push_back(token_.position);
            if (token_.equals == GraphToken::none)
                element.arguments.push_back({{}, std::move(token_.text)});
            else
                element.arguments.push_back({token_.text.substr(0, token_.equals), token_.text.substr(token_.equals + 1)});
        }
        return element;
    }

    // `name: type` or `name:type`.
    void split_name(Element& element) {
        const auto colon = token_.text.find(':');
        if (colon == std::string::npos || colon >= token_.plain || !detail::is_name(token_.text.substr(0, colon)))
            return;
        std::string rest = token_.text.substr(colon + 1);
        if (!rest.empty() && !detail::is_name(rest))
            return;
        element.name = token_.text.substr(0, colon);
        element.name_position = token_.position;
        if (rest.empty()) {
            advance();
            if (token_.kind != GraphToken::Kind::word)
                fail("'" + element.name + ":' must be followed by a stage", element.name_position);
            return;
        }
        token_.text = std::move(rest);
        token_.plain -= colon + 1;
        token_.position.column += colon + 1;
        token_.equals = GraphToken::none;
    }

    void collect_names() {
        for (const Chain& chain : chains_) {
            for (const Element& element : chain) {
                if (element.name.empty())
                    continue;
                const auto [found, is_new] = defined_.emplace(element.name, element.name_position);
                if (!is_new)
                    fail("the name " + detail::quoted(element.name) + " is taken: see line " +
                             std::to_string(found->second.line) + ", column " + std::to_string(found->second.column),
                         element.name_position, element.name);
                used_.insert(element.name);
            }
        }
    }

    void resolve(const Chain& chain) {
        const GraphText::End* before = nullptr;
        GraphText::End ends[2];
        for (std::size_t i = 0; i < chain.size(); ++i) {
            GraphText::End& end = ends[i % 2];
            end = is_reference(chain[i]) ? refer(chain[i]) : define(chain[i]);
            if (before)
                graph_.links.push_back({*before, end, chain[i].link_position});
            else if (chain.size() == 1 && is_reference(chain[i]))
                fail("this refers to a stage and connects nothing to it", chain[i].position, chain[i].word);
            if (i != 0)
                end.port.clear(); // the port of a reference inside a chain was its input
            before = &end;
        }
    }

    [[nodiscard]] bool is_reference(const Element& element) const {
        return element.dotted || (element.name.empty() && element.plain && defined_.contains(element.word));
    }

    GraphText::End refer(const Element& element) const {
        if (!defined_.contains(element.word)) {
            std::vector<std::string> names;
            names.reserve(defined_.size());
            for (const auto& [name, position] : defined_)
                names.push_back(name);
            fail(detail::unknown_name("stage", "named stages", element.word, names), element.position, element.word);
        }
        if (!element.arguments.empty())
            fail("'" + element.word + "' is the stage defined in line " + std::to_string(defined_.at(element.word).line) +
                     ": a reference to it takes no arguments",
                 element.argument_positions.front(), element.word);
        return {element.word, element.port, element.position};
    }

    GraphText::End define(const Element& element) {
        if (graph_.stages.size() == max_graph_stages)
            fail("the graph has more than " + std::to_string(max_graph_stages) + " stages", element.position);
        std::string name = element.name.empty() ? free_name(element.word) : element.name;
        graph_.stages.push_back({name, element.word, element.arguments, element.position, element.argument_positions});
        return {std::move(name), {}, element.position};
    }

    std::string free_name(const std::string& type) {
        std::size_t& number = numbers_[type];
        while (true) {
            ++number;
            std::string name = number == 1 ? type : type + std::to_string(number);
            if (used_.insert(name).second)
                return name;
        }
    }

    GraphText graph_;
    GraphLexer lexer_;
    GraphToken token_;
    std::vector<Chain> chains_;
    std::size_t elements_ = 0;
    std::size_t links_ = 0;
    std::map<std::string, TextPosition, std::less<>> defined_; // by `name:`
    std::set<std::string> used_;
    std::map<std::string, std::size_t> numbers_; // the last given to a type
};

} // namespace

GraphText parse_graph(std::string_view text, std::string file) {
    GraphText graph;
    graph.file = std::move(file);
    if (text.size() > max_graph_bytes)
        throw GraphTextError("the text has more than " + std::to_string(max_graph_bytes) + " bytes", graph, {});
    graph.text = text;
    return Parser(std::move(graph)).parse();
}

} // namespace weir
