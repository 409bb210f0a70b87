// Branches that come to a running pipeline and go: what they get, what the others get, what is said of them.
#include "support/branches.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using support::Camera;
using support::TestEngine;

TEST_CASE("a branch gets what is put between its attachment and its end, and no more", "[framework][branch]") {
    TestEngine test(GENERATE(1u, 2u, 4u));
    Camera camera(test.engine);
    camera.push(10);
    support::Recorder recorder;
    Branch branch(camera.pipeline, "record");
    camera.stage >> branch.add("keep", recorder.stage());
    const Attachment attached = camera.pipeline.attach(std::move(branch));
    camera.push(10);
    camera.pipeline.detach(attached);
    CHECK(recorder.got() == support::range(10, 20));
    CHECK(attached.finished());
    camera.push(10);
    camera.end();
    CHECK(camera.recorder.got() == support::range(0, 30));
    CHECK(recorder.got() == support::range(10, 20));
    CHECK(test.frames_out() == 0);
}

TEST_CASE("a branch that is fed by its pipeline's output alone is attached to that", "[framework][branch]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.start();
    support::Recorder recorder;
    Branch branch(camera.pipeline, "record");
    branch.add("pass", support::pass) >> branch.add("keep", recorder.stage());
    const Attachment attached = camera.pipeline.attach(camera.stage, std::move(branch), {.capacity = 3});
    camera.push(5);
    CHECK(attached.snapshot().links.front().capacity == 3);
    camera.pipeline.detach(attached);
    CHECK(recorder.got() == support::range(0, 5));
    camera.end();
}

TEST_CASE("a branch on an output that nobody reads gets what is put from then on, and takes nothing with it when it goes",
          "[framework][branch]") {
    TestEngine test;
    // The second output is not connected; numbers tell how far the stage is.
    ItemSource<int> source("numbers", 64);
    support::Progress progress;
    Pipeline pipeline(test.engine);
    const auto two = pipeline.add("two", [](Input<int> in, Output<int> out, Output<int> spare) -> Process {
        while (auto item = co_await in.next()) {
            if (!co_await spare.put(*item))
                throw std::runtime_error("the spare output says that nobody reads");
            if (!co_await out.put(*item))
                co_return;
        }
    });
    pipeline.connect(pipeline.add("src", source.stage()), two["in"]);
    pipeline.connect(two["out0"], pipeline.add("sink", sink([&](int) { progress.add(); })));
    pipeline.start();
    const auto push = [&](int from, int to) {
        for (int i = from; i < to; ++i)
            REQUIRE(source.push(i) == Pushed::yes);
        progress.wait_for(static_cast<std::size_t>(to));
    };
    push(0, 5);
    std::vector<int> all;
    std::vector<int> some;
    {
        Branch branch(pipeline);
        branch.connect(two["out1"], branch.add("sink", sink([&](int i) { all.push_back(i); })));
        const Attachment attached = pipeline.attach(std::move(branch));
        push(5, 10);
        pipeline.detach(attached);
    }
    {
        Branch branch(pipeline);
        branch.connect(two["out1"], branch.add("sink", [&some](Input<int> in) -> Process {
            while (some.size() < 3) {
                auto item = co_await in.next();
                if (!item)
                    co_return;
                some.push_back(*item);
            }
        }));
        const Attachment attached = pipeline.attach(std::move(branch));
        push(10, 20);
        attached.wait(); // it has ended by itself, and the output goes on
        push(20, 30);
    }
    source.end();
    pipeline.wait();
    CHECK(all == std::vector{5, 6, 7, 8, 9});
    CHECK(some == std::vector{10, 11, 12});
}

TEST_CASE("a branch of several inputs reads several outputs", "[framework][branch]") {
    TestEngine test;
    Camera camera(test.engine);
    const auto half = camera.pipeline.add("half", map([](PooledFrame frame) {
                                              frame.header().pts *= 2;
                                              return frame;
                                          }));
    camera.stage >> half;
    camera.start();
    std::vector<std::int64_t> got;
    Branch branch(camera.pipeline, "join");
    const auto join = branch.add("join", [&got](Input<PooledFrame> a, Input<PooledFrame> b) -> Process {
        for (;;) {
            auto first = co_await a.next();
            auto second = co_await b.next();
            if (!first || !second)
                co_return;
            got.push_back(first->header().pts);
            got.push_back(second->header().pts);
        }
    });
    branch.connect(camera.stage, join["in0"]);
    branch.connect(half, join["in1"]);
    const Attachment attached = camera.pipeline.attach(std::move(branch));
    camera.push(3);
    camera.end();
    CHECK_NOTHROW(attached.wait());
    CHECK(got == std::vector<std::int64_t>{0, 0, 1, 2, 2, 4});
    CHECK(test.frames_out() == 0);
}

TEST_CASE("the quota of an output is that of its links while a branch is attached, and what it was afterwards",
          "[framework][branch][quota]") {
    TestEngine test;
    Camera camera(test.engine);
    const auto passed = camera.pipeline.add("pass", support::pass);
    camera.stage >> passed;
    camera.start();
    const auto quotas = [&] {
        std::map<std::string, std::size_t> result;
        for (const PortSnapshot& port : camera.pipeline.snapshot().ports)
            result[port.name] = port.quota;
        return result;
    };
    const auto before = quotas();
    Branch chain(camera.pipeline, "c");
    const auto hold = chain.add("hold", StageTraits{.holds = 4}, support::pass);
    chain.connect(passed, hold, {.capacity = 5});
    chain.connect(hold, chain.add("end", sink([](PooledFrame) {})), {.capacity = 2});
    const Attachment attached = camera.pipeline.attach(std::move(chain));
    const auto during = quotas();
    // the link's 5, one in hand, 4 held; the link's 2, one in hand
    CHECK(during.at("pass.out") == before.at("pass.out") + 13);
    CHECK(during.at("camera.out") == before.at("camera.out") + 13); // its frames are passed on
    CHECK(during.at("c/hold.out") == 3 + 1 + 4);
    camera.push(20);
    camera.pipeline.detach(attached);
    CHECK(quotas() == before);
    camera.end();
}

TEST_CASE("a branch appears in the wiring, the figures and their text while it is attached", "[framework][branch]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.start();
    const std::string before = camera.pipeline.describe();
    Branch branch(camera.pipeline, "record");
    camera.stage >> branch.add("pass", support::pass) >> branch.add("end", sink([](PooledFrame) {}));
    const Attachment attached = camera.pipeline.attach(std::move(branch));
    CHECK(camera.pipeline.describe().find("branch record\n"
                                          "stage record/pass (stage)\n"
                                          "  in  in: video frames\n"
                                          "  out out: video frames, quota 4\n"
                                          "stage record/end (sink)\n"
                                          "  in  in: video frames\n"
                                          "link camera.out->record/pass.in, capacity 2\n"
                                          "link record/pass.out->record/end.in, capacity 2\n") != std::string::npos);
    camera.push(4);
    const Snapshot during = camera.pipeline.snapshot();
    CHECK(during.branches == std::vector<std::string>{"record"});
    CHECK(during.stages.size() == 5);
    CHECK(during.stages.back().name == "record/end");
    CHECK(to_json(during).find("\"record/pass\"") != std::string::npos);
    camera.pipeline.detach(attached);
    CHECK(camera.pipeline.describe() == before);
    CHECK(camera.pipeline.snapshot().branches.empty());
    // the branch keeps its own figures
    const Snapshot after = attached.snapshot();
    CHECK(after.links.front().items == 4);
    CHECK(after.stages.back().items_in == 4);
    camera.end();
}

TEST_CASE("the stages of a branch are opened before it is linked, and see what they will read", "[framework][branch]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.push(2);
    struct Opened final : StageDefinition {
        explicit Opened(std::string* what) : what_(what) {}
        [[nodiscard]] std::string type() const override { return "opened"; }
        void declare(Ports& ports) override { static_cast<void>(ports.input<PooledFrame>("in")); }
        void open(OpenContext& context) override { *what_ = context.name() + " reads " + context.upstream("in")->full_name(); }
        [[nodiscard]] Process run(StageContext&, Ports& ports) override {
            return support::discard(ports.get_input<PooledFrame>("in"));
        }
        std::string* what_;
    };
    std::string what;
    Branch branch(camera.pipeline, "b");
    camera.stage >> branch.add("opened", std::make_unique<Opened>(&what));
    const Attachment attached = camera.pipeline.attach(std::move(branch));
    CHECK(what == "b/opened reads camera.out");
    camera.end();
    attached.wait();
}

TEST_CASE("what could not run is not attached, and the pipeline goes on", "[framework][branch][check]") {
    TestEngine test;
    Camera camera(test.engine);
    camera.push(1);
    const std::string before = camera.pipeline.describe();
    {
        Branch branch(camera.pipeline, "b");
        CHECK_THROWS_WITH(camera.pipeline.attach(std::move(branch)), Catch::Contains("branch b: it is not connected"));
    }
    {
        Branch branch(camera.pipeline, "b");
        camera.stage >> branch.add("pass", support::pass);
        branch.add("lost", support::pass);
        CHECK_THROWS_WITH(camera.pipeline.attach(std::move(branch)),
                          Catch::Contains("b/lost: nothing is connected to its input 'in'"));
    }
    {
        Branch branch(camera.pipeline, "b");
        branch.add("numbers", sink([](int) {}));
        CHECK_THROWS_WITH(camera.pipeline.attach(camera.stage, std::move(branch)),
                          Catch::Contains("cannot connect camera to b/numbers: camera.out gives video frames"));
    }
    {
        Pipeline other(test.engine);
        Branch branch(other, "b");
        branch.add("end", sink([](PooledFrame) {}));
        CHECK_THROWS_WITH(branch.connect(camera.stage, branch.add("end2", sink([](PooledFrame) {}))),
                          Catch::Contains("different pipelines"));
        CHECK_THROWS_WITH(camera.pipeline.attach(std::move(branch)), Catch::Contains("made for another pipeline"));
    }
    {
        Pipeline idle(test.engine);
        const auto source = idle.add("src", support::frames, 3);
        Branch branch(idle, "b");
        source >> branch.add("end", sink([](PooledFrame) {}));
        CHECK_THROWS_WITH(idle.attach(std::move(branch)), Catch::Contains("is not running"));
    }
    CHECK(camera.pipeline.describe() == before);
    camera.push(1);
    camera.end();
    CHECK(camera.recorder.got() == support::range(0, 2));
}

TEST_CASE("a quota that a branch would make too small is refused", "[framework][branch][quota]") {
    TestEngine test;
    Camera camera(test.engine, {.quota = 3});
    camera.start();
    Branch branch(camera.pipeline, "b");
    const auto hold = branch.add("hold", StageTraits{.holds = 4}, support::discard);
    camera.stage >> hold;
    CHECK_THROWS_WITH(camera.pipeline.attach(std::move(branch)),
                      Catch::Contains("camera.out: a quota of 3 frames is too small"));
    camera.end();
}

TEST_CASE("what cannot be copied feeds a branch only if nobody else reads it", "[framework][branch][check]") {
    TestEngine test;
    struct Single {
        std::unique_ptr<int> value;
    };
    Event go("go");
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("src", [&go](Output<Single> a, Output<Single> b) -> Process {
        co_await until(go);
        Single first{std::make_unique<int>(1)};
        co_await a.put(std::move(first));
        Single second{std::make_unique<int>(2)};
        co_await b.put(std::move(second));
    });
    pipeline.connect(source["out0"], pipeline.add("sink", sink([](Single) {})));
    pipeline.start();
    int got = 0;
    {
        Branch branch(pipeline, "b");
        branch.connect(source["out0"], branch.add("sink", sink([](Single) {})));
        CHECK_THROWS_AS(pipeline.attach(std::move(branch)), GraphError);
    }
    Branch branch(pipeline, "b");
    branch.connect(source["out1"], branch.add("sink", sink([&got](Single single) { got = *single.value; })));
    const Attachment attached = pipeline.attach(std::move(branch));
    go.set();
    pipeline.wait();
    CHECK(got == 2);
}

TEST_CASE("a stage can end a branch, and cannot attach one or wait for one", "[framework][branch][check]") {
    TestEngine test;
    Camera camera(test.engine);
    support::Recorder recorder;
    Branch branch(camera.pipeline, "record");
    camera.stage >> branch.add("keep", recorder.stage());
    Attachment record;
    std::string attach_says;
    std::string wait_says;
    camera.stage >> camera.pipeline.add("control", [&](Input<PooledFrame> in) -> Process {
        while (auto frame = co_await in.next()) {
            if (frame->header().pts != 5)
                continue;
            try {
                Branch other(camera.pipeline, "other");
                other.add("end", sink([](PooledFrame) {}));
                camera.pipeline.attach(camera.stage, std::move(other));
            } catch (const WrongThread& error) {
                attach_says = error.what();
            }
            try {
                camera.pipeline.detach(record);
            } catch (const WrongThread& error) {
                wait_says = error.what();
            }
            record.end();
        }
    });
    camera.start();
    record = camera.pipeline.attach(std::move(branch));
    camera.push(10);
    CHECK_NOTHROW(record.wait());
    camera.end();
    CHECK(attach_says == "Pipeline::attach waits and was called from the body of stage 'control'");
    CHECK(wait_says == "Pipeline::detach waits and was called from the body of stage 'control'");
    REQUIRE(recorder.got().size() >= 5); // how far the camera was ahead of its reader is not known
    CHECK(recorder.got() == support::range(0, recorder.got().size()));
}
