// Seeks that take along branches and what the application pushes and pulls.
#include <weir/framework/branch.hpp>
#include <weir/framework/item_sink.hpp>
#include <weir/framework/item_source.hpp>

#include "support/seeks.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;
using support::check_runs;
using support::frames_from;
using support::Seen;
using support::TestEngine;

namespace {

Process source_of_one(Output<int> out) { co_await out.put(1); }

} // namespace

TEST_CASE("branches are taken along, and a branch that writes what cannot be taken back refuses", "[framework][seek][branch]") {
    TestEngine test(2);
    Seen seen;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("src", StageTraits{.seekable = true}, frames_from, 1'000'000);
    from >> pipeline.add("sink", sink([](PooledFrame) {}));
    pipeline.start();
    Branch branch(pipeline, "branch");
    from >> branch.add("map", map([](PooledFrame frame) { return frame; })) >>
        branch.add("sink", sink([&seen](PooledFrame frame) { seen.add(static_cast<int>(frame.header().pts)); }));
    const Attachment attached = pipeline.attach(std::move(branch));
    seen.until(1);
    const int first = seen.all().front();
    std::vector<int> places{first};
    for (int i = 0; i < 10; ++i) {
        places.push_back(1'000 * ((i * 7) % 10) + 2'000);
        pipeline.seek(std::chrono::seconds(places.back()));
        seen.until(seen.count.load() + 5);
    }
    pipeline.detach(attached);
    const std::size_t over = seen.count.load();
    pipeline.seek(1s);
    CHECK(seen.count.load() == over);
    check_runs(seen.all(), places);
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("seeks while branches come and go", "[framework][seek][branch]") {
    TestEngine test(2);
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("src", StageTraits{.seekable = true}, frames_from, 100'000'000);
    std::atomic<std::uint64_t> count{0};
    from >> pipeline.add("sink", sink([&count](PooledFrame) { ++count; }));
    pipeline.start();
    std::atomic<bool> over{false};
    std::atomic<int> seeks{0};
    std::thread seeker([&] {
        for (int i = 0; !over.load(); ++i) {
            pipeline.seek(std::chrono::seconds(i));
            ++seeks;
            for (const std::uint64_t so_far = count.load();
                 count.load() == so_far && !over.load();) // seeks alone bring nobody on
                std::this_thread::yield();
        }
    });
    for (int i = 0; i < 100; ++i) {
        Branch branch(pipeline, "branch" + std::to_string(i));
        from >> branch.add("map", map([](PooledFrame frame) { return frame; })) >> branch.add("sink", sink([](PooledFrame) {}));
        const Attachment attached = pipeline.attach(std::move(branch));
        pipeline.detach(attached, i % 2 ? Detach::drain : Detach::discard);
    }
    over.store(true);
    seeker.join();
    CHECK(seeks.load() > 10);
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a branch that is let go in the middle of a seek ends", "[framework][seek][branch]") {
    TestEngine test(1);
    ItemSource<int> source("in", 8);
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("in", source.stage());
    from >> pipeline.add("sink", sink([](int) {}));
    pipeline.start();
    for (const Detach how : {Detach::drain, Detach::discard}) {
        Branch branch(pipeline, "branch");
        from >> branch.add("sink", sink([](int) {}));
        const Attachment attached = pipeline.attach(std::move(branch));
        source.on_seek([&](const Position&) {
            attached.end(how);
            // The one worker takes activations in turn: that of the branch's producer has been before this is over.
            Pipeline after(test.engine);
            after.add("one", source_of_one) >> after.add("sink", sink([](int) {}));
            after.run();
        });
        pipeline.seek(1s);
        pipeline.detach(attached, how); // waits for its end
        CHECK(attached.finished());
    }
    source.end();
    pipeline.wait();
}

TEST_CASE("a branch that ends while all settle for a seek has ended", "[framework][seek][branch]") {
    TestEngine test(2);
    ItemSource<int> source("in", 8);
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("in", source.stage());
    from >> pipeline.add("sink", sink([](int) {}));
    source.on_seek([](const Position&) {});
    pipeline.start();
    std::atomic<int> runs{0};
    std::atomic<bool> taken{false};
    std::atomic<bool> go{false};
    Branch branch(pipeline, "branch");
    from >> branch.add("one", [&](Input<int> in) -> Process {
        ++runs;
        co_await in.next();
        taken.store(true);
        while (!go.load()) // in the body: the seek has to wait for it
            std::this_thread::yield();
    });
    const Attachment attached = pipeline.attach(std::move(branch));
    CHECK(source.push(1) == Pushed::yes);
    while (!taken.load())
        std::this_thread::yield();
    // How often it has been activated, once that is so often and it has had so many items and rests.
    const auto until_rests = [&pipeline](const std::string& name, std::uint64_t activations, std::uint64_t items) {
        for (;; std::this_thread::yield())
            for (const StageSnapshot& stage : pipeline.snapshot().stages)
                if (stage.name == name && stage.activations >= activations && stage.items_in >= items &&
                    stage.state != "running")
                    return stage.activations;
    };
    const std::uint64_t in = until_rests("in", 1, 0);
    const std::uint64_t out = until_rests("sink", 1, 1);
    std::thread late([&] {
        until_rests("in", in + 1, 0); // it is activated once more, to settle
        until_rests("sink", out + 1, 1);
        go.store(true);
    });
    pipeline.seek(1s);
    late.join();
    attached.wait();
    CHECK(runs.load() == 1);
    source.end();
    pipeline.wait();
}

TEST_CASE("an application that pushes and pulls takes part in a seek", "[framework][seek][application]") {
    TestEngine test;
    ItemSource<int> source("in", 8);
    ItemSink<int> sink("out", 4);
    std::atomic<int> next{0};
    Pipeline pipeline(test.engine);
    pipeline.add("in", source.stage()) >> pipeline.add("out", sink.stage());
    pipeline.start();
    CHECK_THROWS_WITH(pipeline.seek(0s), Catch::Contains("on_seek"));
    source.on_seek([&](const Position& to) { next.store(static_cast<int>(to.time / 1s)); });
    for (int item = 0; source.try_push(item) == Pushed::yes; ++item) {
    }
    source.end();
    pipeline.seek(500s);
    for (int i = 0; i < 20; ++i) {
        CHECK(source.push(next.load() + i) == Pushed::yes);
        if (i >= 2)
            CHECK(sink.pull() == 500 + i - 2);
    }
    source.end();
    pipeline.seek(700s);
    CHECK(source.push(next.load()) == Pushed::yes);
    source.end();
    CHECK(sink.pull() == 700);
    CHECK_FALSE(sink.pull().has_value());
    CHECK(sink.ended());
    pipeline.wait();
    CHECK_THROWS_WITH(pipeline.start(), Catch::Contains("cannot run again") && Catch::Contains("ItemSource"));
}

TEST_CASE("a seek makes room for an application that waits to push", "[framework][seek][application]") {
    TestEngine test;
    ItemSource<int> source("in", 1);
    ItemSink<int> sink("out", 1);
    std::atomic<int> next{0};
    source.on_seek([&](const Position& to) { next.store(static_cast<int>(to.time / 1s)); });
    Pipeline pipeline(test.engine);
    pipeline.add("in", source.stage()) >> pipeline.add("out", sink.stage());
    pipeline.start();
    std::thread application([&] {
        while (source.push(next.fetch_add(1)) == Pushed::yes) {
        }
    });
    for (int i = 1; i <= 20; ++i) {
        while (source.size() == 0) // and soon it waits for room
            std::this_thread::yield();
        pipeline.seek(std::chrono::seconds(1000 * i));
        while (sink.pull().value_or(0) < 1000 * i) {
        }
    }
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    application.join();
}
