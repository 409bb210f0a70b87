// Where stages go on after work on an I/O thread.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct OneIoThread {
    OneIoThread() : engine(config()) {}
    static EngineConfig config() {
        EngineConfig config = support::TestEngine::config(1, 10s, std::make_shared<support::Log>());
        config.io_threads = 1;
        return config;
    }
    Engine engine;
};

/// Job after job, until `enough`. Says when there were many: by then the stage is known to be light.
Process jobs(Output<int> out, Event& many, const std::atomic<bool>& enough) {
    for (int done = 0; !enough; ++done) {
        co_await offload([] {});
        if (done == 1000)
            many.set();
    }
    static_cast<void>(co_await out.put(0));
}

} // namespace

TEST_CASE("a light stage goes on on the thread where its job ended, and no worker is woken for it", "[framework][offload]") {
    OneIoThread test;
    Pipeline pipeline(test.engine);
    pipeline.add("stage",
                 [](Output<int> out) -> Process {
                     for (;;) { // how long an activation takes is the machine's affair: until it was found to be light
                         std::thread::id job;
                         co_await offload([&job] { job = std::this_thread::get_id(); });
                         if (std::this_thread::get_id() == job)
                             break;
                     }
                     static_cast<void>(co_await out.put(0));
                 }) >>
        pipeline.add("sink", sink([](int) {}));
    pipeline.run();
    CHECK(pipeline.finished());
}

TEST_CASE("stages that start their next job where the last one ended do not keep the thread from others",
          "[framework][offload]") {
    OneIoThread test;
    std::atomic<bool> enough{false};
    std::atomic<int> second{0};
    Event many("many jobs");
    Pipeline a(test.engine), b(test.engine);
    a.add("jobs", jobs, std::ref(many), std::cref(enough)) >> a.add("sink", sink([](int) {}));
    b.add("jobs",
          [&](Output<int> out) -> Process {
              co_await until(many);
              for (int i = 0; i < 1000; ++i) {
                  co_await offload([] {});
                  ++second;
              }
              enough = true;
              static_cast<void>(co_await out.put(0));
          }) >>
        b.add("sink", sink([](int) {}));
    a.start();
    b.start();
    a.wait();
    b.wait();
    CHECK(second == 1000);
}

TEST_CASE("several jobs that are started after one all run", "[framework][offload]") {
    OneIoThread test;
    std::atomic<int> done{0};
    Pipeline pipeline(test.engine);
    const auto source = pipeline.add("source", [](Output<int> out) -> Process {
        for (int i = 0; i < 2000; ++i) {
            co_await offload([] {}); // its end lets all three below start theirs
            if (!co_await out.put(i))
                co_return;
        }
    });
    for (const char* name : {"a", "b", "c"})
        source >> pipeline.add(name, [&done](Input<int> in) -> Process {
            while (co_await in.next()) {
                co_await offload([] {});
                ++done;
            }
        });
    pipeline.run();
    CHECK(done == 3 * 2000);
}

TEST_CASE("a job that pushes more into another pipeline than fits gets it through, on the only I/O thread",
          "[framework][offload]") {
    OneIoThread test;
    ItemSource<int> source("numbers", 4);
    std::atomic<int> taken{0};
    Pipeline reader(test.engine), writer(test.engine);
    reader.add("numbers", source.stage()) >> reader.add("sink", sink([&taken](int) { ++taken; }));
    writer.add("jobs",
               [&source](Output<int> out) -> Process {
                   bool all = true;
                   for (int job = 0; job < 100 && all; ++job) // by then the other's stages are known to be light
                       all = co_await offload([&source] {
                           for (int i = 0; i < 20; ++i)
                               if (source.push(i, 10s) != Pushed::yes)
                                   return false;
                           return true;
                       });
                   source.end();
                   static_cast<void>(co_await out.put(0));
               }) >>
        writer.add("sink", sink([](int) {}));
    reader.start();
    writer.start();
    writer.wait();
    reader.wait();
    CHECK(taken == 100 * 20);
}

TEST_CASE("what an offloaded call owns is destroyed once, however it is given", "[offload]") {
    support::TestEngine engine(1);
    const auto owned = std::make_shared<int>(0);
    {
        Pipeline pipeline(engine.engine);
        pipeline.add("numbers",
                     source([n = 0]() mutable -> std::optional<int> { return n < 5 ? std::optional(n++) : std::nullopt; })) >>
            pipeline.add("calls", [owned](Input<int> in) -> Process {
                while (const std::optional<int> item = co_await in.next()) {
                    const auto copied = [owned, item] { *owned += *item; };
                    co_await offload(copied);
                    auto moves_only = [once = std::make_unique<std::shared_ptr<int>>(owned)] { ++**once; };
                    co_await offload(std::ref(moves_only));
                }
            });
        pipeline.run();
    }
    CHECK(owned.use_count() == 1);
    CHECK(*owned == 0 + 1 + 2 + 3 + 4 + 5);
}
