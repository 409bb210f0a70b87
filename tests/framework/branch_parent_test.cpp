// Branches and their pipeline: its end, pause, drain and cancel; branches on their way in.
#include "support/branches.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <latch>
#include <thread>

using namespace weir;
using support::Camera;
using support::TestEngine;

TEST_CASE("branches end with their pipeline, which ends after them", "[framework][branch][lifecycle]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.start();
    support::Recorder recorder;
    std::atomic<bool> written{false};
    Branch branch(camera.pipeline, "b");
    // And with a source of its own that would never end.
    const auto zip =
        branch.add("zip", [&written](Input<PooledFrame> a, Input<PooledFrame> b, Output<PooledFrame> out) -> Process {
            this_stage().on_end([&written](EndReason reason) { written = reason == EndReason::finished; });
            for (;;) {
                auto frame = co_await a.next();
                if (!frame)
                    co_return;
                auto other = co_await b.next();
                if (!other || !co_await out.put(std::move(*frame)))
                    co_return;
            }
        });
    branch.connect(camera.stage, zip["in0"]);
    branch.connect(branch.add("endless", support::endless), zip["in1"]);
    branch.connect(zip["out"], branch.add("keep", recorder.stage()));
    branch.add("alone", support::endless); // feeds nobody
    const Attachment attached = camera.pipeline.attach(std::move(branch));
    camera.push(20);
    camera.end();
    CHECK(attached.finished());
    CHECK(written);
    CHECK_NOTHROW(attached.wait());
    CHECK(recorder.got() == support::range(0, 20));
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a pipeline that is drained drains its branches, one that is cancelled or fails takes them with it",
          "[framework][branch][lifecycle]") {
    TestEngine test;
    const int how = GENERATE(0, 1, 2, 3);
    Event fail("fail");
    auto pipeline = std::make_unique<Pipeline>(test.engine);
    const auto source = pipeline->add("src", support::endless);
    source >> pipeline->add("end", sink([](PooledFrame) {}));
    pipeline->add("fails", [&fail](Output<int>) -> Process {
        co_await until(fail);
        throw std::runtime_error("the end");
    });
    pipeline->start();
    support::Recorder recorder;
    std::vector<EndReason> reasons;
    Branch branch(*pipeline, "b");
    branch.on_end([&](EndReason reason) { reasons.push_back(reason); });
    source >> branch.add("pass", support::pass) >> branch.add("keep", recorder.stage());
    const Attachment attached = pipeline->attach(std::move(branch));
    recorder.progress.wait_for(5);
    switch (how) {
    case 0:
        pipeline->drain();
        CHECK_NOTHROW(pipeline->wait());
        CHECK_NOTHROW(attached.wait());
        CHECK(attached.snapshot().links.front().items == recorder.got().size());
        CHECK(reasons == std::vector{EndReason::drained});
        break;
    case 1:
        pipeline->cancel();
        CHECK_THROWS_AS(pipeline->wait(), Cancelled);
        CHECK_THROWS_AS(attached.wait(), Cancelled);
        CHECK(reasons == std::vector{EndReason::cancelled});
        break;
    case 2:
        fail.set();
        CHECK_THROWS_WITH(pipeline->wait(), Catch::Contains("the end"));
        CHECK_THROWS_WITH(attached.wait(), Catch::Contains("the end"));
        CHECK(reasons == std::vector{EndReason::failed});
        break;
    default:
        pipeline.reset();
        CHECK_THROWS_AS(attached.wait(), Cancelled);
        attached.end(); // nobody is there any more
        CHECK(attached.snapshot().stages.size() == 2);
    }
    const auto got = recorder.got();
    REQUIRE(!got.empty());
    for (std::size_t i = 1; i < got.size(); ++i)
        REQUIRE(got[i] == got[i - 1] + 1);
    CHECK(test.frames_out() == 0);
}

TEST_CASE("what has ended takes no branches", "[framework][branch][lifecycle]") {
    TestEngine test;
    Event go("go");
    Pipeline pipeline(test.engine);
    const auto ended = pipeline.add("ended", support::frames, 3);
    const auto goes_on = pipeline.add("goes on", [&go](Output<PooledFrame> out) -> Process {
        co_await until(go);
        PooledFrame frame = co_await out.acquire(support::small);
        co_await out.put(std::move(frame));
    });
    support::Progress over;
    ended >> pipeline.add("end", [&over](Input<PooledFrame> in) -> Process {
        while (auto frame = co_await in.next()) {
        }
        over.add();
    });
    pipeline.start();
    over.wait_for(1);
    while (pipeline.snapshot().stages.front().state != "finished")
        std::this_thread::yield();
    {
        Branch branch(pipeline, "b");
        branch.add("end", sink([](PooledFrame) {}));
        CHECK_THROWS_WITH(pipeline.attach(ended, std::move(branch)),
                          Catch::Contains("branch b was not attached: what it would read has ended"));
    }
    // One that reads from a living one, too, finds the other at its end.
    int from_ended = 0;
    int from_living = 0;
    Branch branch(pipeline, "b");
    branch.connect(ended, branch.add("a", sink([&](PooledFrame) { ++from_ended; })));
    branch.connect(goes_on, branch.add("b", sink([&](PooledFrame) { ++from_living; })));
    const Attachment attached = pipeline.attach(std::move(branch));
    go.set();
    pipeline.wait();
    CHECK(from_ended == 0);
    CHECK(from_living == 1);
    CHECK_NOTHROW(attached.wait());
    Branch late(pipeline, "late");
    late.add("end", sink([](PooledFrame) {}));
    CHECK_THROWS_WITH(pipeline.attach(ended, std::move(late)), Catch::Contains("is not running"));
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a branch that comes to a paused pipeline waits with it, and can be taken away meanwhile",
          "[framework][branch][pause]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.push(3);
    camera.pipeline.pause();
    support::Recorder kept;
    support::Recorder taken;
    Branch first(camera.pipeline, "first");
    camera.stage >> first.add("keep", kept.stage());
    const Attachment keeps = camera.pipeline.attach(std::move(first));
    Branch second(camera.pipeline, "second");
    camera.stage >> second.add("keep", taken.stage());
    const Attachment goes = camera.pipeline.attach(std::move(second));
    camera.pipeline.detach(goes);
    CHECK(taken.got().empty());
    camera.put(3);
    CHECK(camera.pipeline.paused());
    CHECK(kept.got().empty());
    camera.pipeline.resume();
    camera.push(2);
    camera.end();
    CHECK(kept.got() == support::range(3, 8));
    CHECK_NOTHROW(keeps.wait());
    CHECK(camera.recorder.got() == support::range(0, 8));
}

TEST_CASE("a pause stops the branches, too", "[framework][branch][pause]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("src", support::endless);
    source >> pipeline.add("end", sink([](PooledFrame) {}));
    pipeline.start();
    support::Recorder recorder;
    Branch branch(pipeline, "b");
    source >> branch.add("keep", recorder.stage());
    const Attachment attached = pipeline.attach(std::move(branch));
    recorder.progress.wait_for(5);
    pipeline.pause();
    for (bool all = false; !all; std::this_thread::yield()) {
        const Snapshot now = pipeline.snapshot();
        all = std::all_of(now.stages.begin(), now.stages.end(), [](const StageSnapshot& s) { return s.state == "paused"; });
        CHECK(now.stages.size() == 3);
    }
    const std::size_t count = recorder.got().size();
    pipeline.resume();
    recorder.progress.wait_for(count + 5);
    pipeline.pause();
    pipeline.cancel(); // ends paused ones, too
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(attached.finished());
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a pipeline may end, fail, be cancelled or destroyed while a branch is on its way in",
          "[framework][branch][lifecycle]") {
    TestEngine test;
    struct Slow final : StageDefinition {
        Slow(std::latch* opening, std::shared_future<void> go) : opening_(opening), go_(std::move(go)) {}
        [[nodiscard]] std::string type() const override { return "slow"; }
        void declare(Ports& ports) override { static_cast<void>(ports.input<PooledFrame>("in")); }
        void open(OpenContext&) override {
            opening_->count_down();
            go_.wait();
        }
        [[nodiscard]] Process run(StageContext&, Ports& ports) override {
            return support::discard(ports.get_input<PooledFrame>("in"));
        }
        std::latch* opening_;
        std::shared_future<void> go_;
    };
    const int how = GENERATE(0, 1, 2, 3);
    Event end("end");
    auto pipeline = std::make_unique<Pipeline>(test.engine);
    const auto source = pipeline->add("src", [&end, how](Output<PooledFrame> out) -> Process {
        co_await until(end);
        if (how == 1)
            throw std::runtime_error("the end");
        PooledFrame frame = co_await out.acquire(support::small);
        co_await out.put(std::move(frame));
    });
    support::Progress begun;
    support::Progress over;
    source >> pipeline->add("end", [&begun, &over](Input<PooledFrame> in) -> Process {
        begun.add();
        struct Over {
            support::Progress* progress;
            ~Over() { progress->add(); }
        } const at_end{&over};
        while (auto frame = co_await in.next()) {
        }
    });
    pipeline->start();
    begun.wait_for(1); // one that has not begun has nothing to say at its end
    std::latch opening(1);
    std::promise<void> go;
    Branch branch(*pipeline, "b");
    branch.add("slow", std::make_unique<Slow>(&opening, go.get_future().share()));
    auto result = std::async(std::launch::async, [&] { static_cast<void>(pipeline->attach(source, std::move(branch))); });
    opening.wait();
    std::thread destroyer;
    switch (how) {
    case 0: end.set(); break;
    case 1: end.set(); break;
    case 2: pipeline->cancel(); break;
    default: destroyer = std::thread([&] { pipeline.reset(); });
    }
    over.wait_for(1);
    go.set_value();
    if (how == 0)
        CHECK_THROWS_WITH(result.get(), Catch::Contains("what it would read has ended"));
    else if (how == 1)
        CHECK_THROWS_AS(result.get(), Error);
    else
        CHECK_THROWS(result.get());
    if (destroyer.joinable())
        destroyer.join();
    else if (how == 0)
        CHECK_NOTHROW(pipeline->wait());
    else
        CHECK_THROWS(pipeline->wait());
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a branch counts among the pipelines that an engine may run", "[framework][branch][engine]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.start();
    std::vector<Attachment> attached;
    for (int i = 0; i < 2999; ++i) {
        Branch branch(camera.pipeline, "b");
        branch.add("end", sink([](PooledFrame) {}));
        attached.push_back(camera.pipeline.attach(camera.stage, std::move(branch)));
    }
    Branch branch(camera.pipeline, "one too many");
    branch.add("end", sink([](PooledFrame) {}));
    CHECK_THROWS_WITH(camera.pipeline.attach(camera.stage, std::move(branch)), Catch::Contains("3000 pipelines already"));
    camera.push(3);
    camera.end();
    for (const Attachment& a : attached)
        CHECK(a.snapshot().links.front().items == 3);
    CHECK(test.frames_out() == 0);
}
