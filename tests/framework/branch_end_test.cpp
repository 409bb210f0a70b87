// How branches end by themselves or when they are asked to: drained, discarded, failed; and what the others notice.
#include "support/branches.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using support::Camera;
using support::TestEngine;

namespace {

/// Takes one frame, then waits for the event before it takes the rest.
Process hesitate(Input<PooledFrame> in, Output<PooledFrame> out, Event* go, support::Progress* arrived) {
    while (auto frame = co_await in.next()) {
        arrived->add();
        co_await until(*go);
        if (!co_await out.put(std::move(*frame)))
            co_return;
    }
}

} // namespace

TEST_CASE("a drained branch delivers all that it was given, a discarded one stops at once, and both are counted",
          "[framework][branch][lifecycle]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.start();
    const Detach how = GENERATE(Detach::drain, Detach::discard);
    Event go("go");
    support::Progress arrived;
    support::Recorder recorder;
    Branch branch(camera.pipeline, "b");
    std::vector<EndReason> reasons;
    branch.on_end([&](EndReason reason) { reasons.push_back(reason); });
    const auto first = branch.add("hesitate", hesitate, &go, &arrived);
    branch.connect(camera.stage, first, {.capacity = 16});
    first >> branch.add("keep", recorder.stage());
    const Attachment attached = camera.pipeline.attach(std::move(branch));
    camera.push(10);
    arrived.wait_for(1);
    CHECK_FALSE(attached.finished());
    if (how == Detach::drain) {
        attached.end(how); // returns at once
        camera.push(5);    // not for the branch
        go.set();
        CHECK_NOTHROW(camera.pipeline.detach(attached, how));
        CHECK(recorder.got() == support::range(0, 10));
        CHECK(attached.snapshot().links.front().discards == 0);
        CHECK_NOTHROW(attached.wait());
        CHECK(reasons == std::vector{EndReason::drained});
    } else {
        CHECK_NOTHROW(camera.pipeline.detach(attached, how));
        camera.push(5);
        CHECK(recorder.got().empty());
        CHECK(attached.snapshot().links.front().discards == 9); // one was in its hand
        CHECK_THROWS_WITH(attached.wait(), "b was cancelled");
        CHECK(reasons == std::vector{EndReason::cancelled});
    }
    CHECK(attached.snapshot().links.front().items == 10);
    CHECK(camera.recorder.got() == support::range(0, 15));
    camera.end();
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a drain that takes too long can be cut short", "[framework][branch][lifecycle]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.start();
    Event never("never");
    support::Progress arrived;
    Branch branch(camera.pipeline, "b");
    const auto first = branch.add("hesitate", hesitate, &never, &arrived);
    camera.stage >> first >> branch.add("end", sink([](PooledFrame) {}));
    const Attachment attached = camera.pipeline.attach(std::move(branch));
    camera.push(2);
    arrived.wait_for(1);
    attached.end(Detach::drain);
    CHECK_FALSE(attached.finished());
    attached.end(Detach::discard);
    CHECK_THROWS_AS(attached.wait(), Cancelled);
    attached.end(Detach::discard); // nothing to do
    camera.push(2);
    camera.end();
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a branch that waits holds its output back no longer than until it is detached", "[framework][branch][lifecycle]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.start();
    Event never("never");
    support::Progress arrived;
    Branch branch(camera.pipeline, "b");
    const auto first = branch.add("hesitate", hesitate, &never, &arrived);
    branch.connect(camera.stage, first, {.capacity = 2});
    first >> branch.add("end", sink([](PooledFrame) {}));
    const Attachment attached = camera.pipeline.attach(std::move(branch));
    camera.put(20); // one in the branch's hand, two in its link, and the camera waits
    arrived.wait_for(1);
    camera.recorder.progress.wait_for(3);
    const Detach how = GENERATE(Detach::drain, Detach::discard);
    attached.end(how);
    camera.recorder.progress.wait_for(20);
    attached.end(Detach::discard);
    CHECK_THROWS_AS(attached.wait(), Cancelled);
    camera.end();
    CHECK(camera.recorder.got() == support::range(0, 20));
    CHECK(test.frames_out() == 0);
}

TEST_CASE("an error in a branch ends the branch, and its attachment tells", "[framework][branch][error]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.start();
    Branch branch(camera.pipeline, "b");
    std::vector<EndReason> reasons;
    branch.on_end([&](EndReason reason) { reasons.push_back(reason); });
    camera.stage >> branch.add("pass", support::pass) >> branch.add("fails", sink([](const PooledFrame& frame) {
                                                                        if (frame.header().pts == 3)
                                                                            throw std::runtime_error("disk full");
                                                                    }));
    const Attachment attached = camera.pipeline.attach(std::move(branch));
    camera.push(10);
    CHECK_THROWS_WITH(attached.wait(), Catch::Contains("b/fails") && Catch::Contains("disk full"));
    CHECK_THROWS_WITH(camera.pipeline.detach(attached), Catch::Contains("disk full")); // too late, and told again
    CHECK_NOTHROW(camera.pipeline.detach(attached, Detach::discard));
    CHECK(reasons == std::vector{EndReason::failed});
    CHECK(test.log->find("branch b has failed, and live goes on without it: b/fails").find("disk full") != std::string::npos);
    camera.push(10);
    camera.end();
    CHECK(camera.recorder.got() == support::range(0, 20));
    CHECK(test.frames_out() == 0);
}

TEST_CASE("an error in a branch that is to fail its pipeline ends both", "[framework][branch][error]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.start();
    Branch branch(camera.pipeline, "b", {.fails_pipeline = true});
    branch.add("fails", sink([](const PooledFrame&) { throw std::runtime_error("disk full"); }));
    const Attachment attached = camera.pipeline.attach(camera.stage, std::move(branch));
    camera.put(10);
    CHECK_THROWS_WITH(camera.pipeline.wait(), Catch::Contains("b/fails") && Catch::Contains("disk full"));
    CHECK_THROWS_WITH(attached.wait(), Catch::Contains("disk full"));
    CHECK(test.frames_out() == 0);
}

TEST_CASE("an error while a branch is opened is attach's, and changes nothing", "[framework][branch][error]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.push(3);
    struct Fails final : StageDefinition {
        [[nodiscard]] std::string type() const override { return "fails"; }
        void declare(Ports& ports) override { static_cast<void>(ports.input<PooledFrame>("in")); }
        void open(OpenContext&) override { throw std::runtime_error("no such folder"); }
        [[nodiscard]] Process run(StageContext&, Ports& ports) override {
            return support::discard(ports.get_input<PooledFrame>("in"));
        }
    };
    const std::string before = camera.pipeline.describe();
    Branch branch(camera.pipeline, "b");
    branch.add("fails", std::make_unique<Fails>());
    CHECK_THROWS_WITH(camera.pipeline.attach(camera.stage, std::move(branch)),
                      Catch::Contains("b/fails") && Catch::Contains("no such folder"));
    CHECK(camera.pipeline.describe() == before);
    camera.push(3);
    camera.end();
    CHECK(camera.recorder.got() == support::range(0, 6));
}
