#pragma once
// Graphs as text: the one-line language, the model it gives, and the pipeline built from the model.
//
//   in: demux in.mp4; out: mux out.mp4                      # statements apart by ; or a new line; names before a colon
//   in.video ! decode ! scale 1280x720 ! encode libx264 crf=23 ! out
//
// `name` or `name.port` alone refers to a stage defined by `name:` anywhere in the text; any other first word is a stage's
// type, followed by its arguments. Words may be quoted ("..." with \" and \\, '...' without) or have single characters
// quoted (\). A chain goes on in the next line if one ends or begins with !.
#include <weir/framework/error.hpp>
#include <weir/framework/options.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class Pipeline;
class StageCatalog;

/// A place in a text; the first is line 1, column 1. Columns count characters.
struct TextPosition {
    std::size_t line = 1;
    std::size_t column = 1;

    friend bool operator==(const TextPosition&, const TextPosition&) = default;
};

/// A graph as data: what every text form is read into.
struct GraphText {
    struct Stage {
        std::string name; ///< unique; made from the type where the text gives none
        std::string type;
        std::vector<Argument> arguments;
        TextPosition position;
        std::vector<TextPosition> argument_positions; ///< one each
    };
    struct End {
        std::string stage;
        std::string port; ///< empty: the obvious one
        TextPosition position;
    };
    struct Link {
        End from;
        End to;
        TextPosition position;
    };

    std::string file; ///< its name in messages; "graph" for a text of the command line
    std::string text; ///< the source, which messages show
    std::vector<Stage> stages;
    std::vector<Link> links;
};

/// Something in a graph's text is wrong. The text is "FILE:LINE:COLUMN: what", the line itself and a caret under the place;
/// secrets in URLs are hidden.
class GraphTextError : public GraphError {
public:
    GraphTextError(const std::string& message, const GraphText& graph, TextPosition position, std::string stage = {},
                   std::string option = {});

    [[nodiscard]] const std::string& file() const noexcept { return file_; }
    [[nodiscard]] std::size_t line() const noexcept { return position_.line; }
    [[nodiscard]] std::size_t column() const noexcept { return position_.column; }
    [[nodiscard]] const std::string& stage() const noexcept { return stage_; }   ///< empty where none is to blame
    [[nodiscard]] const std::string& option() const noexcept { return option_; } ///< empty where none is to blame

private:
    std::string file_;
    TextPosition position_;
    std::string stage_;
    std::string option_;
};

inline constexpr std::size_t max_graph_bytes = std::size_t{1024} * 1024;
inline constexpr std::size_t max_graph_stages = 10'000;

/// Reads the one-line language. Any bytes are allowed. Throws GraphTextError.
[[nodiscard]] GraphText parse_graph(std::string_view text, std::string file = "graph");

/// What holds for all stages unless their own arguments say otherwise.
struct BuildOptions {
    std::size_t quota = 0;    ///< frames of each output; 0: computed
    std::size_t capacity = 0; ///< items of each link; 0: computed
    bool overwrite = false;   ///< sets the option `overwrite` of all stages that have one
};

/// Adds the graph's stages and links to a pipeline. Throws GraphTextError; the pipeline then has a part of them.
void build(Pipeline& pipeline, const GraphText& graph, const StageCatalog& catalog, const BuildOptions& options = {});

} // namespace weir
