// Stages that may wait for ever: the thread of their own that they open and work on.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <latch>
#include <thread>

using namespace weir;
using support::TestEngine;

namespace {

/// A source that waits for the outside.
class Waiting final : public StageDefinition {
public:
    explicit Waiting(std::function<void()> on_open = {}, std::function<void(EndReason)> on_end = {})
        : on_open_(std::move(on_open)), on_end_(std::move(on_end)) {}
    [[nodiscard]] std::string type() const override { return "waiting"; }
    [[nodiscard]] StageTraits traits() const override {
        StageTraits traits;
        traits.endpoint = true;
        return traits;
    }
    void declare(Ports& ports) override { static_cast<void>(ports.output<int>("out")); }
    void open(OpenContext&) override {
        if (on_open_)
            on_open_();
    }
    [[nodiscard]] Process run(StageContext& context, Ports& ports) override {
        if (on_end_)
            context.on_end(on_end_);
        return body(ports.get_output<int>("out"));
    }

private:
    static Process body(Output<int>) { co_return; }
    std::function<void()> on_open_;
    std::function<void(EndReason)> on_end_;
};

void add(Pipeline& pipeline, std::unique_ptr<Waiting> stage) {
    pipeline.add("waiting", std::move(stage))["out"] >> pipeline.add("sink", sink([](int) {}));
}

EngineConfig one_endpoint() {
    EngineConfig config = TestEngine::config(1, std::chrono::seconds(10), std::make_shared<support::Log>());
    config.io_threads = 1;
    config.endpoint_threads = 1;
    return config;
}

} // namespace

TEST_CASE("the thread that a pipeline reserved and never used is there for the next one", "[framework][endpoint]") {
    Engine engine(one_endpoint());
    for (int i = 0; i < 3; ++i) {
        Pipeline checked(engine);
        add(checked, std::make_unique<Waiting>());
        checked.check();
        Pipeline second(engine);
        add(second, std::make_unique<Waiting>());
        CHECK_THROWS_WITH(second.check(), Catch::Contains("endpoint_threads"));
    }
    Pipeline pipeline(engine);
    add(pipeline, std::make_unique<Waiting>());
    pipeline.run();
}

TEST_CASE("a stage that waits for ever while it is opened keeps nobody else from being opened", "[framework][endpoint]") {
    Engine engine(one_endpoint());
    std::latch opening(1);
    std::latch go(1);
    Pipeline slow(engine);
    add(slow, std::make_unique<Waiting>([&] {
            opening.count_down();
            go.wait();
        }));
    std::jthread opener([&slow] { slow.prepare(); });
    opening.wait();
    Pipeline other(engine);
    std::vector<int> got;
    other.add("src", support::numbers, 3) >> other.add("sink", sink([&got](int i) { got.push_back(i); }));
    other.run();
    CHECK(got == std::vector{0, 1, 2});
    go.count_down();
}

TEST_CASE("whatever is thrown while a stage is opened, the error names the stage", "[framework][endpoint]") {
    Engine engine(one_endpoint());
    Pipeline pipeline(engine);
    add(pipeline, std::make_unique<Waiting>([] { throw 42; }));
    CHECK_THROWS_WITH(pipeline.prepare(), Catch::Contains("waiting") && Catch::Contains("no std::exception"));
}

TEST_CASE("a stage that is cancelled before its first step is told its end", "[framework][endpoint][lifecycle]") {
    Engine engine(one_endpoint());
    std::latch busy(1);
    std::latch go(1);
    Pipeline other(engine); // has the only worker
    other.add("gate",
              [&](Output<int>) -> Process {
                  busy.count_down();
                  go.wait();
                  co_return;
              }) >>
        other.add("sink", sink([](int) {}));
    other.start();
    busy.wait();
    std::optional<EndReason> told;
    Pipeline pipeline(engine);
    add(pipeline, std::make_unique<Waiting>(std::function<void()>(), [&told](EndReason reason) { told = reason; }));
    pipeline.start();
    pipeline.cancel();
    go.count_down();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(told == EndReason::cancelled);
    other.wait();
}
