#include <weir/framework/graph_text.hpp>

#include <catch2/catch.hpp>

#include <string>

namespace {

std::string model(const weir::GraphText& graph) {
    std::string text;
    for (const auto& stage : graph.stages) {
        text += stage.name + ": " + stage.type;
        for (const auto& argument : stage.arguments)
            text += ' ' + (argument.key.empty() ? "" : argument.key + '=') + '[' + argument.value + ']';
        text += '\n';
    }
    for (const auto& link : graph.links) {
        text += link.from.stage + (link.from.port.empty() ? "" : '.' + link.from.port) + " -> " + link.to.stage +
                (link.to.port.empty() ? "" : '.' + link.to.port) + '\n';
    }
    return text;
}

std::string parsed(std::string_view text) { return model(weir::parse_graph(text)); }

std::string refusal(std::string_view text) {
    try {
        return "nothing was thrown:\n" + parsed(text);
    } catch (const weir::GraphTextError& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("a line becomes stages and links", "[framework][graph_text]") {
    CHECK(parsed("in: demux in.mp4; out: mux out.mp4; in.video ! decode ! scale 1280x720 ! encode libx264 preset=veryfast "
                 "crf=23 ! out; in.audio ! decode ! encode aac b=128k ! out") ==
          "in: demux [in.mp4]\n"
          "out: mux [out.mp4]\n"
          "decode: decode\n"
          "scale: scale [1280x720]\n"
          "encode: encode [libx264] preset=[veryfast] crf=[23]\n"
          "decode2: decode\n"
          "encode2: encode [aac] b=[128k]\n"
          "in.video -> decode\n"
          "decode -> scale\n"
          "scale -> encode\n"
          "encode -> out\n"
          "in.audio -> decode2\n"
          "decode2 -> encode2\n"
          "encode2 -> out\n");
}

TEST_CASE("new lines, comments and continued chains read as one expects", "[framework][graph_text]") {
    CHECK(parsed("# a comment; with ! signs\n"
                 "a: testsrc color=#ff0000 # red\r\n"
                 "\n;;\n"
                 "a ! map !\n"
                 "  # in between\n"
                 "  null quota=2\n"
                 "a\n"
                 "  ! null capacity=3 \\\n"
                 "    x=1\n") == "a: testsrc color=[#ff0000]\n"
                                 "map: map\n"
                                 "null: null quota=[2]\n"
                                 "null2: null capacity=[3] x=[1]\n"
                                 "a -> map\n"
                                 "map -> null\n"
                                 "a -> null2\n");
}

TEST_CASE("quotes keep what would otherwise mean something", "[framework][graph_text]") {
    CHECK(parsed(R"(demux "my file; really!.mp4" 'a=b' c\=d title="say \"hi\" \n" e\ f g='' ! n''ull)") ==
          "demux: demux [my file; really!.mp4] [a=b] [c=d] title=[say \"hi\" \\n] [e f] g=[]\n"
          "null: null\n"
          "demux -> null\n");
    CHECK(parsed("demux http://host/x?a=b params=keyint=10:scenecut=0 =x") ==
          "demux: demux [http://host/x?a=b] params=[keyint=10:scenecut=0] [=x]\n");
}

TEST_CASE("a defined name wins over a stage type, wherever it is defined", "[framework][graph_text]") {
    CHECK(parsed("testsrc ! scale ! null; scale: crop") == "testsrc: testsrc\n"
                                                           "null: null\n"
                                                           "scale: crop\n"
                                                           "testsrc -> scale\n"
                                                           "scale -> null\n");
    CHECK(parsed("scale: crop; testsrc ! 'scale' ! scale") == "scale: crop\n"
                                                              "testsrc: testsrc\n"
                                                              "scale2: scale\n"
                                                              "testsrc -> scale2\n"
                                                              "scale2 -> scale\n");
}

TEST_CASE("names can be given inside chains", "[framework][graph_text]") {
    CHECK(parsed("demux x ! d: decode ! null; d.second ! j.in1; j:join ! null") == "demux: demux [x]\n"
                                                                                   "d: decode\n"
                                                                                   "null: null\n"
                                                                                   "j: join\n"
                                                                                   "null2: null\n"
                                                                                   "demux -> d\n"
                                                                                   "d -> null\n"
                                                                                   "d.second -> j.in1\n"
                                                                                   "j -> null2\n");
}

TEST_CASE("a port inside a chain is the input", "[framework][graph_text]") {
    CHECK(parsed("j: join; a: testsrc ! j.in1 ! null; a.out ! j.in2") == "j: join\n"
                                                                         "a: testsrc\n"
                                                                         "null: null\n"
                                                                         "a -> j.in1\n"
                                                                         "j -> null\n"
                                                                         "a.out -> j.in2\n");
}

TEST_CASE("made names keep away from given ones", "[framework][graph_text]") {
    CHECK(parsed("decode2: demux x ! decode ! decode ! null") == "decode2: demux [x]\n"
                                                                 "decode: decode\n"
                                                                 "decode3: decode\n"
                                                                 "null: null\n"
                                                                 "decode2 -> decode\n"
                                                                 "decode -> decode3\n"
                                                                 "decode3 -> null\n");
}

TEST_CASE("an error shows the line with a caret under the place", "[framework][graph_text]") {
    CHECK(refusal("a: testsrc\nb.out ! null") == "graph:2:1: unknown stage 'b' (named stages: a)\n"
                                                 "  b.out ! null\n"
                                                 "  ^");
    CHECK(refusal("in: demux x; ni.video ! null") == "graph:1:14: unknown stage 'ni'; did you mean 'in'? (named stages: in)\n"
                                                     "  in: demux x; ni.video ! null\n"
                                                     "               ^");
    CHECK(refusal("a \"b\n") == "graph:1:3: these quotes do not end\n"
                                "  a \"b\n"
                                "    ^");
    CHECK(refusal("a\t\xC3\xA4\xC3\xB6 \\") == "graph:1:6: there is nothing after the backslash\n"
                                               "  a \xC3\xA4\xC3\xB6 \\\n"
                                               "       ^");
    CHECK(refusal("a ! ! b").starts_with("graph:1:3: there is nothing after this '!'\n"));
    CHECK(refusal("! b").starts_with("graph:1:1: there is nothing before this '!'\n"));
    CHECK(refusal("a !").starts_with("graph:1:3: there is nothing after this '!'\n"));
    CHECK(refusal("a: x; b; a: y").starts_with("graph:1:10: the name 'a' is taken: see line 1, column 1\n"));
    CHECK(refusal("a: ; b").starts_with("graph:1:1: 'a:' must be followed by a stage\n"));
    CHECK(refusal("a: x; a").starts_with("graph:1:7: a (x): this refers to a stage and connects nothing to it\n"));
    CHECK(
        refusal("a: x; a foo ! null").starts_with("graph:1:9: a (x): 'a' is the stage defined in line 1: a reference to it "));
    CHECK(refusal(".a ! b").starts_with("graph:1:1: a reference to a port is written stage.port\n"));
    CHECK(refusal("") == "graph:1:1: the graph is empty");
    CHECK(refusal(" # nothing").starts_with("graph:1:1: the graph is empty"));
}

TEST_CASE("an error knows its place", "[framework][graph_text]") {
    try {
        static_cast<void>(weir::parse_graph("x\n  nobody.out ! null", "wall.weir"));
        FAIL("nothing was thrown");
    } catch (const weir::GraphTextError& error) {
        CHECK(error.file() == "wall.weir");
        CHECK(error.line() == 2);
        CHECK(error.column() == 3);
        CHECK(error.stage() == "nobody");
    }
}

TEST_CASE("an error hides secrets and what would command the terminal", "[framework][graph_text]") {
    CHECK(refusal("demux http://me:secret@host/a?key=1 ! no.port \x1B[2J \xFF") ==
          "graph:1:39: unknown stage 'no' (there are no named stages)\n"
          "  demux http://***@host/a?*** ! no.port \\x1B[2J \\xFF\n"
          "                                ^");
}

TEST_CASE("of a long line an error shows what surrounds the place", "[framework][graph_text]") {
    const std::string what = refusal("a: x " + std::string(500, 'y') + " ! no.port " + std::string(500, 'z'));
    CHECK(what == "graph:1:509: unknown stage 'no' (named stages: a)\n"
                  "  ..." +
                      std::string(57, 'y') + " ! no.port " + std::string(29, 'z') + "...\n" + std::string(65, ' ') + '^');
}

TEST_CASE("a text is limited in bytes, stages and links", "[framework][graph_text]") {
    CHECK(refusal(std::string(weir::max_graph_bytes + 1, ' ')) == "graph:1:1: the text has more than 1048576 bytes");
    std::string stages;
    for (std::size_t i = 0; i <= weir::max_graph_stages; ++i)
        stages += "x\n";
    CHECK(refusal(stages).starts_with("graph:10001:1: the graph has more than 10000 stages\n"));
    stages.resize(2 * weir::max_graph_stages);
    CHECK(weir::parse_graph(stages).stages.back().name == "x10000");
    std::string links = "a: x;a";
    for (std::size_t i = 0; i < 200'000; ++i)
        links += "!a";
    CHECK(refusal(links).starts_with("graph:1:200007: the graph has more than 100000 links\n"));
}
