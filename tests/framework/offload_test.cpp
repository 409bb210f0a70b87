// Where stages go on after work on an I/O thread.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using support::TestEngine;
using namespace std::chrono_literals;

namespace {

struct OneIoThread {
    OneIoThread() : engine(config()) {}
    static EngineConfig config() {
        EngineConfig config = TestEngine::config(1, 10s, std::make_shared<support::Log>());
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
    TestEngine engine(1);
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

TEST_CASE("offloaded work gives its result and its exception back to the stage", "[framework][offload]") {
    TestEngine test;
    int sum = 0;
    std::string caught;
    std::thread::id worker;
    std::thread::id elsewhere;
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::numbers, 10) >> pipeline.add("io", [&](Input<int> in) -> Process {
        while (auto item = co_await in.next()) {
            worker = std::this_thread::get_id();
            const int value = *item;
            auto work = [value, &elsewhere] {
                elsewhere = std::this_thread::get_id();
                if (value == 9)
                    throw std::runtime_error("disk on fire");
                return 2 * value;
            };
            try {
                const int doubled = co_await offload(work);
                sum += doubled;
            } catch (const std::runtime_error& error) {
                caught = error.what();
            }
        }
    });
    pipeline.run();
    CHECK(sum == 72);
    CHECK(caught == "disk on fire");
    CHECK((worker != elsewhere));
}

TEST_CASE("cancel sets the stop token of offloaded work and waits for its return", "[framework][offload]") {
    TestEngine test;
    std::latch inside(1);
    std::atomic<bool> returned{false};
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::numbers, 1) >> pipeline.add("io", [&](Input<int> in) -> Process {
        co_await in.next();
        auto work = [&](std::stop_token stop) {
            std::mutex mutex;
            std::condition_variable_any stopped;
            std::unique_lock lock(mutex);
            inside.count_down();
            stopped.wait(lock, stop, [] { return false; });
            returned = true;
        };
        co_await offload(work);
    });
    pipeline.start();
    inside.wait();
    pipeline.cancel();
    CHECK_THROWS_AS(pipeline.wait(), Cancelled);
    CHECK(returned);
}

TEST_CASE("computing on several workers keeps the order", "[framework][offload]") {
    TestEngine test(4);
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    pipeline.add("src", support::numbers, 500) >>
        pipeline.add("squares",
                     [](Input<int> in, Output<int> out) -> Process {
                         struct Square {
                             int value;
                             int operator()() const { return value * value; }
                         };
                         std::vector<Compute<Square>> slots(3);
                         std::size_t first = 0;
                         std::size_t busy = 0;
                         bool more = true;
                         while (more || busy > 0) {
                             if (more && busy < slots.size()) {
                                 auto item = co_await in.next();
                                 more = item.has_value();
                                 if (item) {
                                     slots[(first + busy) % slots.size()].start({*item});
                                     ++busy;
                                 }
                                 continue;
                             }
                             const int square = co_await slots[first].result();
                             first = (first + 1) % slots.size();
                             --busy;
                             if (!co_await out.put(square))
                                 co_return;
                         }
                     }) >>
        pipeline.add("sink", sink([&got](int i) { got.push_back(i); }));
    pipeline.run();
    REQUIRE(got.size() == 500);
    for (std::size_t i = 0; i < got.size(); ++i)
        REQUIRE(got[i] == static_cast<int>(i * i));
}
