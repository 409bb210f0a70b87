// Everything that a registry does, at once, for as long as WEIR_SOAK_SECONDS says (2 by default).
#include <weir/pools/errors.hpp>
#include <weir/pools/pool_registry.hpp>

#include "support.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <cstring>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr unsigned workers = 8;
constexpr std::size_t budget = 1u << 19;
constexpr std::size_t held_by_each = 6; ///< frames a thread keeps at most
constexpr auto round_time = 250ms;

std::chrono::seconds soak_time() {
    const char* const wanted = std::getenv("WEIR_SOAK_SECONDS");
    return std::chrono::seconds(wanted ? std::strtol(wanted, nullptr, 10) : 2);
}

/// Host memory that fails the test if the budget, which it knows, is ever exceeded.
class BoundedAllocator final : public BufferAllocator {
public:
    std::byte* allocate(std::size_t bytes, std::size_t alignment) override {
        if (held_.fetch_add(bytes) + bytes > budget)
            exceeded_ = true;
        return host_allocator().allocate(bytes, alignment);
    }
    void deallocate(std::byte* memory, std::size_t bytes, std::size_t alignment) noexcept override {
        host_allocator().deallocate(memory, bytes, alignment);
        held_ -= bytes;
    }
    [[nodiscard]] std::size_t held() const { return held_; }
    [[nodiscard]] bool exceeded() const { return exceeded_; }

private:
    std::atomic<std::size_t> held_{0};
    std::atomic<bool> exceeded_{false};
};

constexpr std::size_t format_count = 64;

VideoFormat format(std::size_t index) {
    static constexpr std::array formats{PixelFormat::yuv420p, PixelFormat::rgb24, PixelFormat::gray8, PixelFormat::p010};
    return {64 + 32 * static_cast<std::uint32_t>(index % 4), 32 + 16 * static_cast<std::uint32_t>(index / 4 % 4),
            formats[index / 16]};
}

/// A frame that one thread has, with what it wrote into it.
struct Held {
    PooledFrame frame;
    std::byte mark{};
};

/// What the threads did and saw, over all rounds.
struct Tally {
    std::atomic<std::uint64_t> acquired{0};
    std::array<std::atomic<std::uint64_t>, format_count> acquired_of{}; ///< by format
    std::atomic<std::uint64_t> refused{0};                              ///< by the budget
    std::atomic<std::uint64_t> overflows{0};
    std::atomic<std::uint64_t> retired{0};
    std::atomic<bool> sums{true};
    std::atomic<bool> alone{true};
};

/// One thread's life in one registry. Frames of the registries before are still held, and dropped on the way.
class Worker {
public:
    Worker(std::uint64_t seed, Tally& tally) : random_(static_cast<unsigned>(seed)), tally_(tally) {}

    void work(PoolRegistry& registry, const std::atomic<bool>& stop) {
        while (!stop)
            step(registry);
    }
    [[nodiscard]] std::size_t holds() const { return held_.size(); }
    void drop_all() {
        while (!held_.empty())
            drop(held_.size() - 1);
    }

private:
    void step(PoolRegistry& registry) {
        switch (random_() % 64) {
        case 0: return registry.trim_cold();
        case 1: return registry.trim();
        case 2: return look(registry);
        default: break;
        }
        if (!held_.empty() && (held_.size() == held_by_each || random_() % 2))
            return drop(random_() % held_.size());
        try {
            take(registry);
        } catch (const BudgetExhausted&) {
            ++tally_.refused;
            if (!held_.empty())
                drop(0);
        }
    }

    void take(PoolRegistry& registry) {
        const std::size_t index = random_() % format_count;
        BasicFramePool pool = registry.frames(format(index));
        const auto demand = static_cast<std::ptrdiff_t>(random_() % 3);
        pool.add_demand(demand);
        PooledFrame frame;
        switch (random_() % 4) {
        case 0: frame = pool.try_acquire(); break;
        case 1: frame = pool.acquire_for(50us); break;
        case 2: frame = acquire_or_give_up(pool); break;
        default: frame = pool.acquire_or_spill();
        }
        pool.add_demand(-demand);
        if (!frame)
            return;
        ++tally_.acquired;
        ++tally_.acquired_of[index];
        const auto mark = static_cast<std::byte>(random_());
        const Plane plane = frame.writable_plane(0);
        std::memset(plane.row(0), std::to_integer<int>(mark), plane.row_bytes);
        held_.push_back({std::move(frame), mark});
    }
    PooledFrame acquire_or_give_up(BasicFramePool& pool) {
        test::CountingWaiter waiter;
        PooledFrame frame = pool.acquire_or_notify(waiter);
        if (!frame)
            pool.cancel_wait(waiter);
        return frame;
    }

    void drop(std::size_t index) {
        const Held held = std::move(held_[index]);
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
        const PooledFrame copy = random_() % 2 ? held.frame : PooledFrame{};
        const ConstPlane plane = held.frame.plane(0);
        if (plane.row(0)[0] != held.mark || plane.row(0)[plane.row_bytes - 1] != held.mark)
            tally_.alone = false;
    }

    void look(PoolRegistry& registry) {
        for (const PoolReport& report : registry.stats())
            if (!test::adds_up(report.stats))
                tally_.sums = false;
        static_cast<void>(registry.ledger());
        if (registry.bytes() > budget || registry.peak_bytes() > budget)
            tally_.sums = false;
    }

    std::minstd_rand random_;
    Tally& tally_;
    std::vector<Held> held_;
};

/// Takes more than the budget allows, whatever went on before; true if that was refused.
bool refuses_to_exceed_the_budget(PoolRegistry& registry) {
    BasicFramePool pool = registry.frames(test::small_picture);
    std::vector<PooledFrame> frames;
    try {
        while (frames.size() <= budget / pool.layout().bytes)
            frames.push_back(pool.acquire_or_spill());
    } catch (const BudgetExhausted&) {
        return true;
    }
    return false;
}

RegistryConfig soak_config(BoundedAllocator& allocator, Tally& tally) {
    RegistryConfig config;
    config.max_bytes = budget;
    config.idle_time = 1ms;
    config.allocator = &allocator;
    config.on_pool_retired = [&tally](const std::string&) { ++tally.retired; };
    return config;
}

void let_them_work(std::vector<Worker>& threads, PoolRegistry& registry, std::chrono::nanoseconds time) {
    std::atomic<bool> stop{false};
    std::jthread timer([&stop, time] {
        std::this_thread::sleep_for(time);
        stop = true;
    });
    test::on_threads(workers, [&](unsigned index) { threads[index].work(registry, stop); });
}

std::vector<Worker> make_workers(std::uint64_t seed, Tally& tally) {
    std::vector<Worker> threads;
    for (unsigned i = 0; i < workers; ++i)
        threads.emplace_back(seed + i, tally);
    return threads;
}

std::size_t held_by(const std::vector<Worker>& threads) {
    std::size_t held = 0;
    for (const Worker& worker : threads)
        held += worker.holds();
    return held;
}

} // namespace

TEST_CASE("eight threads on one registry all the time, and its figures are those of who counts from outside", "[pools][soak]") {
    const std::uint64_t seed = test::seed();
    INFO("WEIR_SEED=" << seed);
    const Locking locking = GENERATE(Locking::mutex, Locking::lock_free);
    Tally tally;
    BoundedAllocator allocator;
    std::vector<Worker> threads = make_workers(seed, tally);
    {
        RegistryConfig config = soak_config(allocator, tally);
        config.locking = locking;
        PoolRegistry registry(std::move(config));
        // Who has a handle to a pool keeps it from retiring, and with it its count of all acquires.
        std::vector<BasicFramePool> kept;
        for (std::size_t index = 0; index < format_count / 4; ++index)
            kept.push_back(registry.frames(format(index)));
        let_them_work(threads, registry, soak_time());

        for (std::size_t index = 0; index < kept.size(); ++index)
            CHECK(kept[index].stats().total_acquires == tally.acquired_of[index]);
        std::size_t in_use = 0;
        std::size_t bytes = 0;
        for (const PoolReport& report : registry.stats()) {
            CHECK(test::adds_up(report.stats));
            in_use += report.stats.in_use;
            bytes += report.stats.bytes;
            tally.overflows += report.stats.overflows;
        }
        CHECK(in_use == held_by(threads));
        CHECK(bytes == allocator.held());
        CHECK(registry.bytes() == allocator.held());
        CHECK(refuses_to_exceed_the_budget(registry));
    } // while frames are out
    for (Worker& worker : threads)
        worker.drop_all();
    CHECK(tally.sums);
    CHECK(tally.alone);
    CHECK(allocator.held() == 0);
    CHECK_FALSE(allocator.exceeded());
    CHECK(tally.overflows > 0);
    CHECK(tally.retired > 0);
    WARN(tally.acquired << " frames, " << tally.overflows << " overflows, " << tally.refused << " refused by the budget, "
                        << tally.retired << " pools retired");
}

TEST_CASE("eight threads on registries that end while their frames are out", "[pools][soak]") {
    const std::uint64_t seed = test::seed();
    INFO("WEIR_SEED=" << seed);
    const Locking locking = GENERATE(Locking::mutex, Locking::lock_free);
    const auto end = std::chrono::steady_clock::now() + soak_time() / 2;

    Tally tally;
    std::vector<std::unique_ptr<BoundedAllocator>> allocators; // outlive every buffer
    std::vector<Worker> threads = make_workers(seed, tally);
    std::size_t rounds = 0;
    do {
        if (rounds % 2 == 1) // of registries that are gone; in other rounds the threads drop them on the way
            for (Worker& worker : threads)
                worker.drop_all();
        const std::size_t held_before = held_by(threads);
        RegistryConfig config = soak_config(*allocators.emplace_back(std::make_unique<BoundedAllocator>()), tally);
        config.locking = locking;
        PoolRegistry registry(std::move(config));
        let_them_work(threads, registry, round_time);

        std::size_t in_use = 0;
        for (const PoolReport& report : registry.stats()) {
            CHECK(test::adds_up(report.stats));
            in_use += report.stats.in_use;
            tally.overflows += report.stats.overflows;
        }
        const std::size_t held = held_by(threads);
        CHECK(in_use <= held);
        if (held_before == 0)
            CHECK(in_use == held);
        CHECK(registry.bytes() == allocators.back()->held());
        CHECK(refuses_to_exceed_the_budget(registry));
        ++rounds;
    } while (std::chrono::steady_clock::now() < end);
    for (Worker& worker : threads)
        worker.drop_all();

    CHECK(tally.sums);
    CHECK(tally.alone);
    for (const auto& allocator : allocators) {
        CHECK(allocator->held() == 0);
        CHECK_FALSE(allocator->exceeded());
    }
    CHECK(tally.acquired > 0);
    CHECK(tally.overflows > 0);
    CHECK(tally.retired > 0);
    WARN(rounds << " registries, " << tally.acquired << " frames, " << tally.overflows << " overflows, " << tally.refused
                << " refused by the budget, " << tally.retired << " pools retired");
}
