// Branches that come and go all the time, at full speed.
#include "support/branches.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstring>
#include <thread>

using namespace weir;
using support::TestEngine;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int cycles = 250;
#else
constexpr int cycles = 1000;
#endif

std::uint64_t pixels_of(std::int64_t number, std::uint32_t row) {
    return static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15ull + row;
}

/// Frames whose pixels follow from their number, until the event.
Process painted(Output<PooledFrame> out, const Event* stop, std::atomic<std::int64_t>* made) {
    for (std::int64_t i = 0; !stop->is_set(); ++i) {
        PooledFrame frame = co_await out.acquire(support::small);
        frame.header().pts = i;
        for (std::uint32_t row = 0; row < 16; ++row) {
            const std::uint64_t value = pixels_of(i, row);
            std::memcpy(frame.writable_plane(0).row(row), &value, sizeof value);
        }
        made->store(i + 1);
        if (!co_await out.put(std::move(frame)))
            co_return;
    }
}

/// What a reader has got: a stretch of the frames, whole.
struct Stretch {
    std::int64_t first = 0;
    std::int64_t count = 0;
    std::int64_t wrong = 0;
};

Process look(Input<PooledFrame> in, Stretch* stretch) {
    while (auto frame = co_await in.next()) {
        if (stretch->count == 0)
            stretch->first = frame->header().pts;
        bool right = frame->header().pts == stretch->first + stretch->count;
        for (std::uint32_t row = 0; row < 16; ++row) {
            std::uint64_t value = 0;
            std::memcpy(&value, frame->plane(0).row(row), sizeof value);
            right = right && value == pixels_of(frame->header().pts, row);
        }
        stretch->wrong += right ? 0 : 1;
        ++stretch->count;
    }
}

/// Writes into its frames, which are shared with the others.
Process scribble(Input<PooledFrame> in, Output<PooledFrame> out) {
    while (auto frame = co_await in.next()) {
        PooledFrame mine = co_await out.writable(std::move(*frame));
        std::memset(mine.writable_plane(0).row(0), 0, 8);
        if (!co_await out.put(std::move(mine)))
            co_return;
    }
}

std::map<std::string, std::size_t> quotas(const Pipeline& pipeline) {
    std::map<std::string, std::size_t> result;
    for (const PortSnapshot& port : pipeline.snapshot().ports)
        result[port.name] = port.quota;
    return result;
}

} // namespace

TEST_CASE("branches come and go a thousand times, and the other reader gets every frame whole and in order",
          "[framework][branch][stress]") {
    TestEngine test(GENERATE(1u, 2u, 4u));
    Event stop("stop");
    std::atomic<std::int64_t> made{0};
    Stretch all;
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("painted", painted, &stop, &made);
    const auto passed = pipeline.add("pass", support::pass);
    source >> passed >> pipeline.add("look", look, &all);
    pipeline.start();
    const auto before = quotas(pipeline);
    std::int64_t wrong = 0;
    std::int64_t seen = 0;
    for (int i = 0; i < cycles; ++i) {
        Stretch stretch;
        Branch branch(pipeline, "b");
        const bool scribbles = i % 3 == 1;
        const auto look_at = scribbles ? branch.add("look", support::discard) : branch.add("look", look, &stretch);
        if (scribbles) {
            const auto scribbler = branch.add("scribble", scribble);
            branch.connect(i % 2 ? source.out() : passed.out(), scribbler);
            branch.connect(scribbler, look_at);
        } else {
            branch.connect(i % 2 ? source.out() : passed.out(), look_at);
        }
        const std::int64_t at = made.load();
        const Attachment attached = pipeline.attach(std::move(branch));
        while (i % 4 == 0 && made.load() < at + 20)
            std::this_thread::yield();
        pipeline.detach(attached, i % 5 == 0 ? Detach::discard : Detach::drain);
        wrong += stretch.wrong;
        seen += stretch.count;
        const auto given = static_cast<std::int64_t>(attached.snapshot().links.front().items);
        if (i % 5 != 0 && !scribbles && given != stretch.count)
            ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(seen > 0);
    CHECK(quotas(pipeline) == before);
    CHECK(pipeline.snapshot().branches.empty());
    stop.set();
    pipeline.wait();
    CHECK(all.first == 0);
    CHECK(all.count == made);
    CHECK(all.wrong == 0);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("branches come and go from several threads at once", "[framework][branch][stress]") {
    TestEngine test(3);
    Event stop("stop");
    std::atomic<std::int64_t> made{0};
    Stretch all;
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("painted", painted, &stop, &made);
    source >> pipeline.add("look", look, &all);
    pipeline.start();
    const auto before = quotas(pipeline);
    std::atomic<std::int64_t> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < cycles / 4; ++i) {
                Stretch stretch;
                Branch branch(pipeline, "b" + std::to_string(t));
                source >> branch.add("pass", support::pass) >> branch.add("look", look, &stretch);
                const Attachment attached = pipeline.attach(std::move(branch));
                if (i % 16 == 0)
                    static_cast<void>(pipeline.snapshot());
                pipeline.detach(attached, (i + t) % 3 == 0 ? Detach::discard : Detach::drain);
                wrong += stretch.wrong;
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(wrong == 0);
    CHECK(quotas(pipeline) == before);
    stop.set();
    pipeline.wait();
    CHECK(all.count == made);
    CHECK(all.wrong == 0);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a branch that holds frames back for ever by itself is no stall, and one that stops the pipeline on its bounds is",
          "[framework][branch][stall]") {
    TestEngine test(2);
    Event stop("stop");
    std::atomic<std::int64_t> made{0};
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("painted", painted, &stop, &made);
    source >> pipeline.add("sink", sink([](PooledFrame) {}));
    pipeline.start();
    // It wants ten of its first input before it reads the second: both come from the same output, at capacity 1.
    Branch branch(pipeline, "b");
    support::Progress pairs;
    const auto late = branch.add("late", [&pairs](Input<PooledFrame> a, Input<PooledFrame> b) -> Process {
        std::vector<PooledFrame> held;
        for (int i = 0; i < 10; ++i) {
            auto frame = co_await a.next();
            if (!frame)
                co_return;
            held.push_back(std::move(*frame));
        }
        held.clear();
        for (;;) {
            auto first = co_await a.next();
            auto second = co_await b.next();
            if (!first || !second)
                co_return;
            pairs.add();
        }
    });
    branch.connect(source, late["in0"], {.capacity = 1});
    branch.connect(source, late["in1"], {.capacity = 1});
    const Attachment attached = pipeline.attach(std::move(branch));
    pairs.wait_for(1); // there are none before the link has grown
    pipeline.detach(attached);
    stop.set();
    pipeline.wait(); // a stage that had it grow says so after that, and has when all is over
    CHECK(test.log->find("link painted.out->b/late.in1 overflowed") != "");
    CHECK(test.frames_out() == 0);
}
