// Outputs that a stage makes while it runs.
#include <weir/framework/branch.hpp>

#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <optional>
#include <vector>

using namespace weir;
using support::TestEngine;

namespace {

/// Numbers; from the tenth on to another output, too.
Process numbers_with_more(Output<int> out, int count, const char* name) {
    std::optional<Output<int>> more;
    for (int i = 0; i < count; ++i) {
        if (i == 10)
            more = add_output<int>(this_stage(), name);
        if (more) {
            const bool open = co_await more->put(i);
            if (!open)
                more.reset();
        }
        if (!co_await out.put(i))
            co_return;
    }
}

} // namespace

TEST_CASE("an output that a stage makes while it runs is told of, and a branch reads it", "[framework][ports][branch]") {
    const unsigned threads = GENERATE(1u, 2u);
    constexpr int count = 1000;
    TestEngine test(threads);
    std::promise<AddedPort> told;
    std::vector<int> got;
    int passed = 0;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("src", numbers_with_more, count, "more");
    from >> pipeline.add("sink", sink([&passed](int) { ++passed; }));
    pipeline.on_port_added([&](const AddedPort& port) {
        pipeline.pause();
        told.set_value(port);
    });
    pipeline.start();
    const AddedPort port = told.get_future().get();
    CHECK(port.stage == "src");
    CHECK(port.port == "more");
    CHECK(port.format == nullptr);
    CHECK(pipeline.describe().find("  out more: " + port.items) != std::string::npos);
    Branch branch(pipeline, "branch");
    from[port.port] >> branch.add("sink", sink([&got](int i) { got.push_back(i); }));
    const Attachment attached = pipeline.attach(std::move(branch));
    pipeline.resume();
    pipeline.wait();
    CHECK(passed == count);
    REQUIRE_FALSE(got.empty());
    CHECK(got.front() == 10);
    for (std::size_t i = 0; i < got.size(); ++i)
        REQUIRE(got[i] == got.front() + static_cast<int>(i));
    CHECK(got.back() == count - 1);
    // Opened anew it has the ports that it began with.
    pipeline.on_port_added([&pipeline](const AddedPort&) { pipeline.wait(); });
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("waits") && Catch::Contains("body of stage 'src'"));
}

TEST_CASE("an output cannot be made twice", "[framework][ports]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", numbers_with_more, 20, "out") >> pipeline.add("sink", sink([](int) {}));
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("there is an output 'out' already"));
}
