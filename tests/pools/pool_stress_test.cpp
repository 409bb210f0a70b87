// Many threads, any moves: the figures add up, every buffer has one user, and all of them come home.
#include "support.hpp"

#include <catch2/catch.hpp>

#include <cstring>

using namespace weir;
using namespace std::chrono_literals;

namespace {

/// Writes to a frame and looks whether somebody else does.
bool mine_alone(PooledFrame& frame, unsigned mark) {
    const Plane plane = frame.writable_plane(0);
    std::memset(plane.row(0), static_cast<int>(mark), plane.row_bytes);
    std::memset(plane.row(plane.rows - 1), static_cast<int>(mark), plane.row_bytes);
    return plane.row(0)[plane.row_bytes - 1] == std::byte(mark) && plane.row(plane.rows - 1)[0] == std::byte(mark);
}

} // namespace

TEMPLATE_TEST_CASE("four threads acquire, share, wait, spill, trim and report at once", "[pools][stress]", WEIR_FRAME_POOLS) {
    const std::uint64_t seed = test::seed();
    INFO("WEIR_SEED=" << seed);
    constexpr std::size_t maximum = 3;
    TestType pool(test::other_picture, test::config(maximum));
    std::atomic<bool> alone{true};
    std::atomic<bool> sums{true};
    std::atomic<std::uint64_t> acquired{0};
    test::on_threads(4, [&](unsigned index) {
        std::minstd_rand random(static_cast<unsigned>(seed + index));
        test::SleepingWaiter waiter;
        for (int i = 0; i < 5'000; ++i) {
            PooledFrame frame;
            switch (random() % 8) {
            case 0: frame = pool.acquire(); break; // spills
            case 1: frame = pool.try_acquire(); break;
            case 2: frame = pool.acquire_for(100us); break;
            case 3: pool.trim(random() % 3); break;
            case 4:
                if (!test::adds_up(pool.stats()) || pool.ledger().out > 8)
                    sums = false;
                break;
            case 5: frame = pool.acquire_for(1h); break;
            default:
                while (!(frame = pool.acquire_or_notify(waiter)))
                    waiter.sleep();
            }
            if (!frame)
                continue;
            acquired.fetch_add(1, std::memory_order_relaxed);
            if (!mine_alone(frame, index * 50 + static_cast<unsigned>(i % 50)))
                alone = false;
            const PooledFrame copy = random() % 2 ? frame : PooledFrame{};
        }
        pool.cancel_wait(waiter);
    });
    CHECK(alone);
    CHECK(sums);
    const PoolStats stats = pool.stats();
    CHECK(test::adds_up(stats));
    CHECK(stats.in_use == 0);
    CHECK(stats.capacity <= maximum);
    CHECK(stats.total_acquires == acquired);
    CHECK(stats.peak_usage <= maximum + stats.overflows);
}

TEMPLATE_TEST_CASE("without spilling no more are ever out than the maximum", "[pools][stress]", WEIR_ALL_POOLS) {
    constexpr std::size_t maximum = 2;
    auto pool = TestType::make(test::config(maximum, OverflowPolicy::wait));
    std::atomic<std::size_t> out{0};
    std::atomic<bool> crowded{false};
    test::on_threads(4, [&](unsigned) {
        for (int i = 0; i < 10'000; ++i) {
            const auto frame = TestType::acquire(pool);
            if (out.fetch_add(1) >= maximum)
                crowded = true;
            out.fetch_sub(1);
        }
    });
    CHECK_FALSE(crowded);
    CHECK(pool.stats().peak_usage <= maximum);
    CHECK(pool.stats().allocations <= maximum);
    CHECK(pool.stats().total_acquires == 40'000);
    CHECK(pool.stats().overflows == 0);
}

TEMPLATE_TEST_CASE("the figures add up at every moment", "[pools][stress]", WEIR_ALL_POOLS) {
    auto pool = TestType::make(test::config(4));
    std::atomic<bool> stop{false};
    std::atomic<bool> sums{true};
    std::jthread looking([&] {
        while (!stop) {
            const PoolStats stats = pool.stats();
            if (!test::adds_up(stats) || stats.in_use > 4 || stats.peak_usage > 4)
                sums = false;
        }
    });
    test::on_threads(2, [&](unsigned) {
        for (int i = 0; i < 30'000; ++i) {
            const auto one = TestType::acquire(pool);
            const auto two = TestType::acquire(pool);
        }
    });
    stop = true;
    looking.join();
    CHECK(sums);
    CHECK(pool.stats().total_acquires == 120'000);
    CHECK(pool.stats().total_releases == 120'000);
}

TEMPLATE_TEST_CASE("a buffer made on one thread and returned on another goes round without loss", "[pools][stress]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::other_picture, test::config(4, OverflowPolicy::wait));
    std::mutex mutex;
    std::vector<PooledFrame> queue;
    constexpr int count = 50'000;
    test::on_threads(2, [&](unsigned index) {
        for (int done = 0; done < count;) {
            if (index == 0) {
                PooledFrame frame = pool.acquire();
                const std::lock_guard lock(mutex);
                queue.push_back(std::move(frame));
                ++done;
                continue;
            }
            std::vector<PooledFrame> got;
            {
                const std::lock_guard lock(mutex);
                got.swap(queue);
            }
            done += static_cast<int>(got.size());
            if (got.empty())
                std::this_thread::yield();
        }
    });
    CHECK(pool.stats().in_use == 0);
    CHECK(pool.stats().total_acquires == count);
    CHECK(pool.stats().allocations <= 4);
}
