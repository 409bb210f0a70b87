// The k-th call of operator new fails, or of the pools' allocator, a thread's start, a stage's step, an offload; on whatever
// thread, for every k: one error, nothing lost, no hang.
#include "support/engines.hpp"
#include "support/fault_points.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

using namespace weir;
using support::TestEngine;

namespace {

using faults::may_throw;
using faults::Point;

class Memory final : public BufferAllocator {
public:
    std::byte* allocate(std::size_t bytes, std::size_t alignment) override {
        if (faults::fails_now(Point::pool_memory))
            throw std::bad_alloc();
        return host_allocator().allocate(bytes, alignment);
    }
    void deallocate(std::byte* memory, std::size_t bytes, std::size_t alignment) noexcept override {
        host_allocator().deallocate(memory, bytes, alignment);
    }
};

using Scenario = std::function<void(Engine&)>;

std::size_t frames_out(Engine& engine) {
    std::size_t out = 0;
    for (const PoolReport& pool : engine.registry().stats())
        out += pool.stats.in_use + pool.stats.adopted_in_use;
    return out;
}

/// Both workers have run: what oneTBB makes for each is made.
void start_workers(Engine& engine) {
    Pipeline pipeline(engine);
    std::atomic<int> running{0};
    for (const char* name : {"a", "b"})
        pipeline.add(name, source([&running, first = true]() mutable -> std::optional<int> {
                         if (std::exchange(first, false))
                             for (++running; running < 2;) // at once
                                 std::this_thread::yield();
                         return std::nullopt;
                     })) >>
            pipeline.add(std::string(name) + " sink", sink([](int) {}));
    pipeline.run();
}

struct Run {
    bool reached = false;             ///< the call that was to fail
    std::optional<std::string> error; ///< what it ended with
    std::string others;               ///< errors besides
    std::size_t frames_out = 0;
    std::chrono::nanoseconds time{0};
};

/// A sink that knows whether everything came: a run that ends well must have done all of its work.
class Arrivals {
public:
    [[nodiscard]] auto stage() {
        return sink([this](PooledFrame) { ++count_; });
    }
    void all(int expected) const {
        if (count_ != expected)
            throw std::logic_error("it ended well, and " + std::to_string(count_) + " of " + std::to_string(expected) +
                                   " frames came");
    }

private:
    std::atomic<int> count_{0};
};

void run_on(Engine& engine, Run& run, const Scenario& scenario) {
    try {
        scenario(engine);
        faults::disarm();
    } catch (const std::exception& error) {
        faults::disarm();
        const auto* of_a_stage = dynamic_cast<const Error*>(&error); // or it came before anything ran
        run.error = of_a_stage ? of_a_stage->message() : error.what();
        for (const Error& other : of_a_stage ? of_a_stage->others() : std::vector<Error>())
            run.others += std::string(other.what()) + "; ";
    }
    run.frames_out = frames_out(engine);
}

/// On an engine of its own: what that makes when it is first needed can fail, too.
Run run_with_failure(Memory& memory, Point point, std::int64_t k, const Scenario& scenario) {
    Run run;
    const auto began = std::chrono::steady_clock::now();
    EngineConfig config = TestEngine::config(2, std::chrono::seconds(10), std::make_shared<support::Log>());
    config.registry.allocator = &memory;
    try {
        if (point == Point::thread_start)
            faults::arm(point, k); // the engine's own are the first
        Engine engine(std::move(config));
        start_workers(engine);
        if (point != Point::thread_start)
            faults::arm(point, k);
        run_on(engine, run, scenario);
    } catch (const std::exception& error) {
        faults::disarm();
        run.error = error.what();
    }
    run.reached = faults::reached();
    run.time = std::chrono::steady_clock::now() - began; // the engine's end, too
    return run;
}

/// Where something may fail without harm: calls at a stage's end are made where they are instead of later; a line of the log,
/// the last figures of a branch that has gone, and the smaller quotas after it are done without; and I/O goes on with the
/// threads that there are.
bool may_go_unnoticed() {
    constexpr std::array places{"PipelineImpl::stage_ended", "EngineImpl::log", "PipelineImpl::leave_parent", "IoPool::"};
    return std::any_of(places.begin(), places.end(), [](const char* place) { return faults::was_in(place); });
}

/// Runs `scenario` with the first call of that kind failing, then with the second, until a run does not reach it. Each ends
/// with one error that says what was wrong, but for those places; and no frame stays out. Returns how many calls there are.
std::size_t for_all_k(Point point, const Scenario& scenario) {
    Memory memory;
    run_with_failure(memory, Point::nothing, 0, scenario); // what the process makes once is made now
    for (std::int64_t k = 1;; ++k) {
        const Run run = run_with_failure(memory, point, k, scenario);
        CAPTURE(k, static_cast<int>(point));
        CHECK(run.frames_out == 0);
        CHECK(run.others == "");
        CHECK(run.time < std::chrono::seconds(5));
        if (point == Point::step || point == Point::offload)
            CHECK(run.error == (run.reached ? std::optional<std::string>("planned") : std::nullopt));
        else if (run.error)
            CHECK(run.reached); // else something failed of itself
        else
            CHECK((!run.reached || may_go_unnoticed()));
        if (!run.reached)
            return static_cast<std::size_t>(k - 1);
    }
}

/// Every kind of failure. A scenario without I/O never starts a thread.
void fail_everywhere(const Scenario& scenario, bool has_io) {
    CHECK(for_all_k(Point::operator_new, scenario) > 50);
    CHECK(for_all_k(Point::pool_memory, scenario) > 1);
    CHECK(for_all_k(Point::step, scenario) > 10);
    if (has_io) {
        CHECK(for_all_k(Point::offload, scenario) > 10);
        CHECK(for_all_k(Point::thread_start, scenario) >= 2);
    }
}

Process frames_in_steps(Output<PooledFrame> out, std::uint32_t formats) {
    for (std::uint32_t i = 0; i < 20; ++i) {
        may_throw(Point::step);
        PooledFrame frame = co_await out.acquire({32 + 16 * (i % formats), 16, PixelFormat::gray8});
        if (!co_await out.put(std::move(frame)))
            co_return;
    }
}

Process through_io(Input<PooledFrame> in, Output<PooledFrame> out) {
    this_stage().on_end([](EndReason) {});
    while (auto frame = co_await in.next()) {
        may_throw(Point::step);
        co_await offload([&frame] {
            may_throw(Point::offload);
            frame->header().pts += 1;
        });
        if (!co_await out.put(std::move(*frame)))
            co_return;
    }
}

} // namespace

TEST_CASE("whatever fails, a pipeline with branches, I/O and calls at its end ends with one error", "[framework][faults]") {
    fail_everywhere(
        [](Engine& engine) {
            Arrivals a;
            Arrivals b;
            Pipeline pipeline(engine);
            const auto from = pipeline.add("src", frames_in_steps, 1u);
            from >> pipeline.add("io", through_io) >> pipeline.add("a", a.stage());
            from >> pipeline.add("map", map([](PooledFrame frame) { return frame; })) >> pipeline.add("b", b.stage());
            pipeline.run();
            a.all(20);
            b.all(20);
        },
        true);
}

TEST_CASE("whatever fails, a pipeline whose bounds have to grow ends with one error", "[framework][faults][stall]") {
    fail_everywhere(
        [](Engine& engine) {
            int joined = 0;
            Pipeline pipeline(engine);
            const auto from = pipeline.add("src", frames_in_steps, 1u);
            const auto hold = pipeline.add("hold", [](Input<PooledFrame> in, Output<PooledFrame> out) -> Process {
                std::vector<PooledFrame> held;
                while (auto frame = co_await in.next())
                    held.push_back(std::move(*frame));
                for (PooledFrame& frame : held)
                    if (!co_await out.put(std::move(frame)))
                        co_return;
            });
            const auto join = pipeline.add("join", [&joined](Input<PooledFrame> a, Input<PooledFrame> b) -> Process {
                while (co_await a.next()) {
                    may_throw(Point::step);
                    if (!co_await b.next())
                        co_return;
                    ++joined;
                }
            });
            pipeline.connect(from, hold, {.capacity = 1});
            pipeline.connect(from, join["in1"], {.capacity = 1});
            pipeline.connect(hold, join["in0"], {.capacity = 1});
            pipeline.set(from, {.quota = 2});
            pipeline.run();
            if (joined != 20)
                throw std::logic_error("it ended well, and not all frames were joined");
        },
        false);
}

TEST_CASE("whatever fails, a pipeline of changing formats and parallel calls ends with one error", "[framework][faults]") {
    fail_everywhere(
        [](Engine& engine) {
            Arrivals end;
            Pipeline pipeline(engine);
            const auto in_parallel = parallel(2, [](PooledFrame frame) {
                may_throw(Point::step);
                return frame;
            });
            pipeline.add("src", frames_in_steps, 4u) >> pipeline.add("parallel", in_parallel) >>
                pipeline.add("io", through_io) >> pipeline.add("sink", end.stage());
            pipeline.run();
            end.all(20);
        },
        true);
}

TEST_CASE("whatever fails, a pipeline to which a branch comes ends with one error", "[framework][faults][branch]") {
    fail_everywhere(
        [](Engine& engine) {
            Arrivals end;
            Arrivals branch_end;
            Event go("go");
            Pipeline pipeline(engine);
            const auto from = pipeline.add("src", [&go](Output<PooledFrame> out) -> Process {
                co_await until(go);
                for (int i = 0; i < 20; ++i) {
                    may_throw(Point::step);
                    PooledFrame frame = co_await out.acquire(support::small);
                    if (!co_await out.put(std::move(frame)))
                        co_return;
                }
            });
            from >> pipeline.add("end", end.stage());
            pipeline.start();
            Branch branch(pipeline, "branch", {.fails_pipeline = true});
            branch.on_end([](EndReason) {});
            from >> branch.add("io", through_io) >> branch.add("end", branch_end.stage());
            const Attachment attached = pipeline.attach(std::move(branch));
            go.set();
            attached.wait(); // with the pipeline: or steps might not be reached that fail
            pipeline.wait();
            end.all(20);
            branch_end.all(20);
        },
        true);
}
