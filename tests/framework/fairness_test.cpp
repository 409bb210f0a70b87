#include "support/engines.hpp"

#include <catch2/catch.hpp>
#include <time.h>

#include <algorithm>
#include <future>
#include <latch>
#include <thread>

using namespace weir;

namespace {

/// Uses so much of the processor, however often it is taken away meanwhile.
void burn(int microseconds) {
    const auto used = [] {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return time.tv_sec * 1'000'000'000 + time.tv_nsec;
    };
    for (const auto begin = used(); used() - begin < 1000 * microseconds;) {
    }
}

struct Busy {
    explicit Busy(Engine& engine) : pipeline(engine) {
        pipeline.add("src", source([this, i = 0]() mutable -> std::optional<int> {
                         burn(20);
                         work.fetch_add(1, std::memory_order_relaxed);
                         return i++;
                     })) >>
            pipeline.add("work", map([this](int i) {
                             burn(20);
                             work.fetch_add(1, std::memory_order_relaxed);
                             return i;
                         })) >>
            pipeline.add("sink", sink([this](int) {
                             burn(20);
                             work.fetch_add(1, std::memory_order_relaxed);
                         }));
    }
    std::atomic<std::uint64_t> work{0}; ///< of 20 us each
    Pipeline pipeline;
};

} // namespace

TEST_CASE("six busy pipelines on two workers get the same share, and a seventh is served within 50 ms",
          "[framework][fairness]") {
    support::TestEngine test(2);
    std::vector<std::unique_ptr<Busy>> pipelines;
    for (int i = 0; i < 6; ++i)
        pipelines.push_back(std::make_unique<Busy>(test.engine));
    for (auto& busy : pipelines)
        busy->pipeline.start();
    // Time passes while a seventh comes and goes, from another thread, again and again.
    std::chrono::steady_clock::duration worst{};
    std::thread other([&] {
        for (int i = 0; i < 40; ++i) {
            std::chrono::steady_clock::time_point first;
            Pipeline seventh(test.engine);
            seventh.add("src", support::numbers, 1) >>
                seventh.add("sink", sink([&](int) { first = std::chrono::steady_clock::now(); }));
            const auto begin = std::chrono::steady_clock::now();
            seventh.run();
            worst = std::max(worst, first - begin);
        }
    });
    other.join();
    std::promise<void> never;
    never.get_future().wait_for(std::chrono::milliseconds(1500));
    std::vector<std::uint64_t> shares;
    for (auto& busy : pipelines)
        shares.push_back(busy->work.load());
    for (auto& busy : pipelines)
        busy->pipeline.cancel();
    for (auto& busy : pipelines)
        CHECK_THROWS_AS(busy->pipeline.wait(), Cancelled);
    const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
    INFO("least " << *least << ", most " << *most << " pieces of work; the seventh took " << worst.count() << " ns at worst");
    CHECK(static_cast<double>(*most) <= 1.2 * static_cast<double>(*least));
    CHECK(worst < std::chrono::milliseconds(50));
}
