// Outputs that a stage makes while it runs.
#include <weir/framework/branch.hpp>
#include <weir/framework/event.hpp>

#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <optional>
#include <thread>
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

TEST_CASE("an output that was there at first cannot be made", "[framework][ports]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", numbers_with_more, 20, "out") >> pipeline.add("sink", sink([](int) {}));
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("there is an output 'out' for " + type_name<int>() + " already"));
}

TEST_CASE("a stage that begins again has the outputs it made", "[framework][ports][seek]") {
    TestEngine test;
    int made = 0;
    std::atomic<int> passed{0};
    Event go{"the seek"};
    Pipeline pipeline(test.engine);
    pipeline.on_port_added([&made](const AddedPort&) { ++made; });
    SECTION("after a seek") {
        std::atomic<int> seen{0};
        pipeline.add("src", StageTraits{.seekable = true}, numbers_with_more, 1000, "more") >>
            pipeline.add("sink", [&](Input<int> in) -> Process {
                while (co_await in.next())
                    if (++seen == 500)
                        co_await until(go);
                passed = seen - 500;
            });
        pipeline.start();
        while (seen < 500)
            std::this_thread::yield();
        go.set();
        pipeline.seek({});
        pipeline.wait();
        CHECK(passed >= 1000);
    }
    SECTION("after a failure") {
        int begun = 0;
        const auto from = pipeline.add("src", [&begun](Output<int> out) -> Process {
            auto more = add_output<int>(this_stage(), "more");
            co_await more.put(1);
            co_await out.put(1);
            if (++begun == 1)
                throw std::runtime_error("it ends badly");
        });
        pipeline.set(from, {.on_error = ErrorPolicy::restart(1, {})});
        from >> pipeline.add("sink", sink([&passed](int) { ++passed; }));
        pipeline.run();
        CHECK(begun == 2);
        CHECK(passed == 2);
    }
    CHECK(made == 1);
}
