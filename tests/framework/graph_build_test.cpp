#include <weir/framework/graph_text.hpp>
#include <weir/framework/pipeline.hpp>
#include <weir/framework/stage_catalog.hpp>

#include <catch2/catch.hpp>

#include <functional>
#include <string>

namespace {

struct CountOptions {
    int n = 1;
    bool overwrite = false;
    static const weir::OptionTable<CountOptions>& table() {
        static const auto table = [] {
            weir::OptionTable<CountOptions> t;
            t.add("n", &CountOptions::n, {.help = "how many", .min = 1, .max = 9, .positional = true})
                .add("overwrite", &CountOptions::overwrite, {.help = "for the test"});
            return t;
        }();
        return table;
    }
};

struct NoOptions {
    static const weir::OptionTable<NoOptions>& table() {
        static const weir::OptionTable<NoOptions> table;
        return table;
    }
};

weir::Process count(weir::Output<int> out, int n) {
    for (int i = 0; i < n; ++i)
        if (!co_await out.put(i))
            co_return;
}
weir::Process pass(weir::Input<int> in, weir::Output<int> out) {
    while (auto item = co_await in.next())
        if (!co_await out.put(*item))
            co_return;
}
weir::Process add_up(weir::Input<int> in, int* sum) {
    while (auto item = co_await in.next())
        *sum += *item;
}

template <class F, class... Args> std::unique_ptr<weir::StageDefinition> stage(const char* type, F f, Args... args) {
    return std::make_unique<weir::detail::FunctionStage<F, Args...>>(type, weir::StageTraits{}, f, args...);
}

struct Fixture {
    int sum = 0;
    CountOptions last;
    weir::StageCatalog catalog;
    weir::Engine engine;
    weir::Pipeline pipeline{engine};

    Fixture() {
        catalog.add(weir::stage_type<CountOptions>("count", "Counts", [this](const CountOptions& options) {
            last = options;
            if (options.n == 7)
                throw weir::OptionError("n: bad luck", "n");
            return stage("count", count, options.n);
        }));
        catalog.add(weir::stage_type<NoOptions>("pass", "Passes on", [](const NoOptions&) { return stage("pass", pass); }));
        catalog.add(
            weir::stage_type<NoOptions>("add", "Adds up", [this](const NoOptions&) { return stage("add", add_up, &sum); }));
    }

    void build(std::string_view text, const weir::BuildOptions& options = {}) {
        weir::build(pipeline, weir::parse_graph(text), catalog, options);
    }
    std::string refusal(std::string_view text) {
        try {
            build(text);
        } catch (const weir::GraphTextError& error) {
            return error.what();
        }
        return "nothing was thrown";
    }
};

} // namespace

TEST_CASE_METHOD(Fixture, "a graph's text runs", "[framework][graph_text]") {
    build("count 5 ! pass ! p: pass; a: add; p.out ! a.in");
    pipeline.run();
    CHECK(sum == 10);
}

TEST_CASE_METHOD(Fixture, "capacity and the program's defaults reach the links", "[framework][graph_text]") {
    build("count 5 capacity=3 ! pass ! add", {.capacity = 7});
    pipeline.run();
    const weir::Snapshot snapshot = pipeline.snapshot();
    REQUIRE(snapshot.links.size() == 2);
    CHECK(snapshot.links[0].capacity == 3);
    CHECK(snapshot.links[1].capacity == 7);
}

TEST_CASE_METHOD(Fixture, "a stage's statement sets what it does on errors and what its full links do",
                 "[framework][graph_text]") {
    build("count capacity=3 when_full=drop_oldest on_failure=restart restarts=5 ! add on_failure=skip");
    pipeline.prepare();
    const std::string text = pipeline.describe();
    CHECK(text.find("stage count (count), restarts on error, 5 times\n") != std::string::npos);
    CHECK(text.find("stage add (add), skips on error\n") != std::string::npos);
    CHECK(text.find("link count.out->add.in, capacity 3, drops the oldest\n") != std::string::npos);
    CHECK(refusal("count when_full=drop ! add").find("drop_oldest") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "overwrite reaches the stages that have such an option", "[framework][graph_text]") {
    SECTION("where it was not given") {
        build("count ! add", {.overwrite = true});
        CHECK(last.overwrite);
    }
    SECTION("but what the stage says itself counts") {
        build("count overwrite=no ! add", {.overwrite = true});
        CHECK_FALSE(last.overwrite);
    }
}

TEST_CASE_METHOD(Fixture, "what a stage refuses is shown at its argument", "[framework][graph_text]") {
    CHECK(refusal("count quota=1 n=10 ! add") == "graph:1:15: count: n: 10 is out of range (1 to 9)\n"
                                                 "  count quota=1 n=10 ! add\n"
                                                 "                ^");
    CHECK(refusal("c: count m=3 ! add") == "graph:1:10: c (count): unknown option 'm' (options: n, overwrite)\n"
                                           "  c: count m=3 ! add\n"
                                           "           ^");
    CHECK(refusal("count overwrite=no n=7 ! add").starts_with("graph:1:20: count: n: bad luck\n"));
    CHECK(refusal("x: count 3 capacity=many ! add")
              .starts_with("graph:1:12: x (count): capacity: 'many' is not a whole number\n"));
}

TEST_CASE_METHOD(Fixture, "an unknown stage type is refused with the nearest", "[framework][graph_text]") {
    CHECK(refusal("cuont ! add")
              .starts_with("graph:1:1: unknown stage type 'cuont'; did you mean 'count'? (stage types: "
                           "add, count, pass)\n"));
    CHECK(refusal("result: add; count ! resutl")
              .starts_with("graph:1:22: unknown stage type 'resutl'; did you mean the stage 'result'? "));
}

TEST_CASE_METHOD(Fixture, "a model with a link to nowhere is refused", "[framework][graph_text]") {
    weir::GraphText graph = weir::parse_graph("count ! add");
    graph.links[0].to.stage = "ad";
    CHECK_THROWS_WITH(weir::build(pipeline, graph, catalog),
                      Catch::Matchers::StartsWith("graph:1:9: unknown stage 'ad'; did you mean 'add'? (stages: count, add)"));
}

TEST_CASE("a catalog refuses names that a text could not use", "[framework][graph_text]") {
    weir::StageCatalog catalog;
    const auto none = [](const auto&) { return std::unique_ptr<weir::StageDefinition>(); };
    CHECK_THROWS_AS(catalog.add({"a.b", "", {}, none}), std::invalid_argument);
    CHECK_THROWS_AS(catalog.add({"", "", {}, none}), std::invalid_argument);
    CHECK_THROWS_WITH(catalog.add({"a", "", {{"quota", "integer", "", {}}}, none}),
                      "stage type 'a': every stage has an option 'quota' already");
    catalog.add({"a", "", {}, none});
    CHECK_THROWS_AS(catalog.add({"a", "", {}, none}), std::invalid_argument);
    CHECK(catalog.names() == std::vector<std::string>{"a"});
}
