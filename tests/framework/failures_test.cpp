// Wherever a stage fails, wait() says which, and has what it threw.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>

using namespace weir;
using support::TestEngine;

namespace {

/// No std::exception: it must be the same that comes out.
struct Odd {
    int number = 0;
};

/// What was thrown in the first place, if it was one of these.
std::optional<int> number_of(const std::exception_ptr& cause) {
    try {
        if (cause)
            std::rethrow_exception(cause);
    } catch (const Odd& odd) {
        return odd.number;
    } catch (...) {
        return std::nullopt;
    }
    return std::nullopt;
}

/// What `pipeline.wait()`, or its start, ended with.
Error error_of(Pipeline& pipeline) {
    try {
        pipeline.run();
    } catch (const Error& error) {
        return error;
    }
    FAIL("it ended without an error");
    throw std::logic_error("not reached");
}

/// Where it fails.
enum class Where { open, before_the_first_wait, in_the_middle, after_the_end_of_its_input, in_a_job, in_on_end };

class Failing final : public StageDefinition {
public:
    explicit Failing(Where where) : where_(where) {}
    [[nodiscard]] std::string type() const override { return "failing"; }
    void declare(Ports& ports) override {
        static_cast<void>(ports.input<PooledFrame>("in"));
        static_cast<void>(ports.output<PooledFrame>("out"));
    }
    void open(OpenContext&) override {
        if (where_ == Where::open)
            throw Odd{7};
    }
    [[nodiscard]] Process run(StageContext& context, Ports& ports) override {
        if (where_ == Where::in_on_end)
            context.on_end([](EndReason) { throw Odd{7}; });
        return body(ports.get_input<PooledFrame>("in"), ports.get_output<PooledFrame>("out"), where_);
    }

private:
    static Process body(Input<PooledFrame> in, Output<PooledFrame> out, Where where) {
        if (where == Where::before_the_first_wait)
            throw Odd{7};
        std::vector<PooledFrame> held;
        for (int i = 0; auto frame = co_await in.next(); ++i) {
            if (i == 5 && where == Where::in_the_middle)
                throw Odd{7};
            if (i == 5 && where == Where::in_a_job)
                co_await offload([] { throw Odd{7}; });
            held.push_back(*frame); // some are in its hands whenever it fails
            if (!co_await out.put(std::move(*frame)))
                co_return;
        }
        if (where == Where::after_the_end_of_its_input)
            throw Odd{7};
    }
    Where where_;
};

} // namespace

TEST_CASE("wherever a stage fails, the error names it and has what was thrown, and no frame stays out",
          "[framework][errors][lifecycle]") {
    const Where where = GENERATE(Where::open, Where::before_the_first_wait, Where::in_the_middle,
                                 Where::after_the_end_of_its_input, Where::in_a_job, Where::in_on_end);
    CAPTURE(static_cast<int>(where));
    TestEngine test;
    {
        Pipeline pipeline(test.engine);
        const auto failing = pipeline.add("failing", std::make_unique<Failing>(where));
        pipeline.connect(pipeline.add("src", support::frames, 10), failing["in"]);
        pipeline.connect(failing["out"], pipeline.add("sink", sink([](PooledFrame) {})));
        const Error error = error_of(pipeline);
        CHECK(error.stage() == "failing");
        CHECK(error.others().empty());
        CHECK(number_of(error.cause()) == 7);
        CHECK(test.frames_out() == 0);
    }
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a stage that fails while its pipeline is drained is the error, and no frame stays out",
          "[framework][errors][lifecycle]") {
    TestEngine test;
    std::atomic<int> seen{0};
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::endless) >> pipeline.add("failing", [&seen](Input<PooledFrame> in) -> Process {
        std::optional<PooledFrame> last;
        while (auto frame = co_await in.next()) {
            last = std::move(*frame);
            ++seen;
            seen.notify_all();
        }
        throw Odd{8}; // the end of the stream comes with the drain alone
    });
    pipeline.start();
    seen.wait(0);
    pipeline.drain();
    try {
        pipeline.wait();
        FAIL("it ended without an error");
    } catch (const Error& error) {
        CHECK(error.stage() == "failing");
        CHECK(number_of(error.cause()) == 8);
    }
    CHECK(test.frames_out() == 0);
}

TEST_CASE("what is thrown at the end of a stage that has failed comes after the cause", "[framework][errors]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::numbers, 3) >> pipeline.add("failing", [](Input<int> in) -> Process {
        this_stage().on_end([](EndReason) { throw Odd{2}; });
        co_await in.next();
        throw Odd{1};
    });
    const Error error = error_of(pipeline);
    CHECK(number_of(error.cause()) == 1);
    REQUIRE(error.others().size() == 1);
    CHECK(error.others().front().stage() == "failing");
    CHECK(number_of(error.others().front().cause()) == 2);
}
