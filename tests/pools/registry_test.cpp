#include <weir/pools/pool_registry.hpp>

#include "support.hpp"

#include <catch2/catch.hpp>

#include <cstring>

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct Fixture {
    test::CountingAllocator allocator;
    std::vector<std::string> made;
    std::vector<std::string> retired;

    RegistryConfig config() {
        RegistryConfig config;
        config.allocator = &allocator;
        config.on_pool_made = [this](const std::string& text) { made.push_back(text); };
        config.on_pool_retired = [this](const std::string& text) { retired.push_back(text); };
        return config;
    }
};

using Texts = std::vector<std::string>;

} // namespace

TEST_CASE("a layout has one pool, whoever asks", "[pools][registry]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config());
    CHECK(registry.frames(test::small_picture) == registry.frames(test::small_picture));
    CHECK_FALSE(registry.frames(test::small_picture) == registry.frames(test::other_picture));
    CHECK_FALSE(registry.frames(test::small_picture) == registry.frames(test::small_picture, {32, 0}));
    CHECK(fixture.made == Texts{"64x48 yuv420p", "32x32 rgb24", "64x48 yuv420p"});
    CHECK_THROWS_AS(registry.frames({0, 0, PixelFormat::yuv420p}), FormatError);
}

TEST_CASE("sound of one sample format and number of channels shares a pool for all usual lengths", "[pools][registry]") {
    PoolRegistry registry;
    AudioFormat slower = test::stereo;
    slower.sample_rate = 44100;
    const auto pool = registry.samples(test::stereo, 1024);
    CHECK(pool == registry.samples(slower, 8192));
    CHECK(pool.layout().capacity == 8192);
    CHECK_FALSE(pool == registry.samples(test::stereo, 8193));
    CHECK(registry.samples(test::stereo, 8193).layout().capacity == 16384);
    CHECK_THROWS_AS(registry.samples(test::stereo, 0xffff'ffff), FormatError);
    CHECK(registry.samples(test::stereo, 0) == pool);
}

TEST_CASE("a format that comes back finds its pool warm", "[pools][registry]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config());
    const auto run = [&](const VideoFormat& format) {
        auto pool = registry.frames(format);
        pool.add_demand(2);
        {
            const PooledFrame one = pool.acquire();
            const PooledFrame two = pool.acquire();
        }
        pool.add_demand(-2);
    };
    run(test::small_picture);
    run(test::other_picture);
    const std::size_t calls = fixture.allocator.calls();
    registry.trim_cold(); // nothing is cold yet
    run(test::small_picture);
    CHECK(fixture.allocator.calls() == calls);
    CHECK(fixture.made.size() == 2);
    CHECK(fixture.retired.empty());
}

TEST_CASE("a pool of a registry starts with no demand and takes it from its users", "[pools][registry]") {
    PoolRegistry registry;
    auto pool = registry.frames(test::small_picture);
    CHECK(pool.stats().max_capacity == 0);
    CHECK_FALSE(pool.try_acquire());
    pool.add_demand(1);
    CHECK(pool.try_acquire());
}

TEST_CASE("trimming forgets pools that nobody has and nothing is out of", "[pools][registry]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config());
    {
        auto pool = registry.frames(test::small_picture);
        pool.add_demand(1);
        static_cast<void>(pool.acquire());
    }
    auto kept = registry.frames(test::other_picture);
    kept.add_demand(1);
    static_cast<void>(kept.acquire());
    CHECK(fixture.allocator.live() == 2);
    registry.trim();
    CHECK(fixture.allocator.live() == 0);
    CHECK(registry.bytes() == 0);
    CHECK(fixture.retired == Texts{"64x48 yuv420p"});
    REQUIRE(registry.stats().size() == 1);
    CHECK(registry.stats()[0].format == "32x32 rgb24");
    CHECK(kept.acquire());
    registry.trim();
    CHECK(fixture.retired.size() == 1);
}

TEST_CASE("a pool with a frame out is not forgotten, so that the frame can be found", "[pools][registry]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config());
    PooledFrame frame = registry.frames(test::small_picture).acquire();
    registry.trim();
    CHECK(fixture.retired.empty());
    int seen = 0;
    registry.for_each_out([&](const Quota*, HolderId, std::size_t, std::uint32_t) { ++seen; });
    CHECK(seen == 1);
    REQUIRE(registry.ledger().size() == 1);
    CHECK(registry.ledger()[0].out == 1);
    frame.reset();
    registry.trim();
    CHECK(fixture.retired.size() == 1);
}

TEST_CASE("only pools that were not used for the idle time are cold", "[pools][registry]") {
    Fixture fixture;
    SECTION("a long time") {
        RegistryConfig config = fixture.config();
        config.idle_time = 1h;
        PoolRegistry registry(std::move(config));
        registry.prewarm(test::small_picture, 2);
        registry.trim_cold();
        CHECK(fixture.allocator.live() == 2);
        CHECK(fixture.retired.empty());
    }
    SECTION("no time at all") {
        RegistryConfig config = fixture.config();
        config.idle_time = 0ns;
        PoolRegistry registry(std::move(config));
        registry.prewarm(test::small_picture, 2);
        registry.trim_cold();
        CHECK(fixture.allocator.live() == 0);
        CHECK(fixture.retired.size() == 1);
    }
}

TEST_CASE("a retired pool is made anew when its format comes back", "[pools][registry]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config());
    static_cast<void>(registry.frames(test::small_picture));
    registry.trim();
    auto pool = registry.frames(test::small_picture);
    CHECK(fixture.made.size() == 2);
    CHECK(pool.acquire());
}

TEST_CASE("callbacks of a registry may call it", "[pools][registry]") {
    std::size_t seen = 0;
    std::optional<PoolRegistry> registry;
    RegistryConfig config;
    config.on_pool_made = [&](const std::string&) { seen += registry->stats().size(); };
    config.on_pool_retired = [&](const std::string&) { seen += 10 + registry->stats().size(); };
    config.on_warning = [&](const std::string&) { seen += 100 * registry->ledger().size(); };
    registry.emplace(std::move(config));
    static_cast<void>(registry->frames(test::small_picture).acquire()); // beyond a maximum of 0: warned about
    CHECK(seen == 101);
    registry->trim();
    CHECK(seen == 111);
}

TEST_CASE("prewarming makes buffers for a format that is yet to come", "[pools][registry]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config());
    registry.prewarm(test::small_picture, 3);
    auto pool = registry.frames(test::small_picture);
    CHECK(pool.stats().available == 3);
    pool.add_demand(3);
    static_cast<void>(pool.acquire());
    CHECK(fixture.allocator.calls() == 3);
}

TEST_CASE("prewarming makes buffers for sound that is yet to come", "[pools][registry]") {
    Fixture fixture;
    PoolRegistry registry(fixture.config());
    registry.prewarm(test::stereo, 1024, 2);
    auto pool = registry.samples(test::stereo, 960);
    CHECK(pool.stats().available == 2);
    pool.add_demand(2);
    static_cast<void>(pool.acquire(test::stereo, 960));
    CHECK(fixture.allocator.calls() == 2);
}

TEST_CASE("under pressure of bytes idle pools retire, the coldest first, and none that somebody has",
          "[pools][registry][budget]") {
    Fixture fixture;
    std::vector<std::string> retired;
    RegistryConfig config = fixture.config();
    config.max_bytes = 2 * frame_layout(test::small_picture).bytes + frame_layout(test::other_picture).bytes;
    config.on_pool_retired = [&retired](const std::string& name) { retired.push_back(name); };
    PoolRegistry registry(std::move(config));
    registry.prewarm(test::other_picture, 1);
    registry.prewarm(test::small_picture, 1);
    const VideoFormat had{64, 48, PixelFormat::nv12};
    auto pool = registry.frames(had);
    registry.prewarm(had, 1);
    REQUIRE(registry.stats().size() == 3);
    const PooledFrame one = registry.frames({64, 48, PixelFormat::nv21}).acquire();
    REQUIRE(one);
    CHECK_FALSE(retired.empty());
    CHECK(retired.front() == "32x32 rgb24");
    CHECK(std::count(retired.begin(), retired.end(), pool.format_text()) == 0);
}

TEST_CASE("isolation zeroes what moves to another owner, and what is new", "[pools][registry]") {
    RegistryConfig config;
    config.isolate = true;
    PoolRegistry registry(std::move(config));
    auto pool = registry.frames(test::small_picture);
    pool.add_demand(1);
    const auto mine = Quota::make(8);
    const auto yours = Quota::make(8);
    const auto first_byte = [&](std::shared_ptr<Quota> quota) {
        if (quota)
            static_cast<void>(quota->try_take());
        PooledFrame frame = pool.acquire({.quota = std::move(quota), .holder = {}, .now = 0});
        const detail::Block& block = *frame.block().get();
        const std::byte last = block.memory[block.bytes - 1];
        std::memset(block.memory, 0x33, block.bytes);
        return std::to_integer<int>(last);
    };
    CHECK(first_byte(mine) == 0);    // new
    CHECK(first_byte(yours) == 0);   // another's
    CHECK(first_byte(nullptr) == 0); // nobody known
    CHECK(first_byte(nullptr) == 0); // perhaps another nobody
    CHECK(first_byte(mine) == 0);
#ifdef NDEBUG                        // debug builds write a pattern
    CHECK(first_byte(mine) == 0x33); // its own
#endif
    CHECK(first_byte(Quota::make(1)) == 0); // gone at once: its address may be used again
    CHECK(first_byte(Quota::make(1)) == 0);
}

TEST_CASE("threads that ask for a new format at once get one pool", "[pools][registry][stress]") {
    for (int round = 0; round < 50; ++round) {
        PoolRegistry registry;
        std::vector<BasicFramePool> pools(4);
        test::on_threads(4, [&](unsigned i) { pools[i] = registry.frames(test::small_picture); });
        CHECK(std::all_of(pools.begin(), pools.end(), [&](const auto& pool) { return pool == pools[0]; }));
        CHECK(registry.stats().size() == 1);
    }
}

TEST_CASE("pools are made, used, trimmed and reported on at once", "[pools][registry][stress]") {
    const std::uint64_t seed = test::seed();
    INFO("WEIR_SEED=" << seed);
    for (const Locking locking : {Locking::mutex, Locking::lock_free}) {
        test::CountingAllocator allocator;
        {
            RegistryConfig config;
            config.allocator = &allocator;
            config.locking = locking;
            config.idle_time = 0ns;
            PoolRegistry registry(std::move(config));
            std::atomic<bool> sums{true};
            test::on_threads(3, [&](unsigned index) {
                std::minstd_rand random(static_cast<unsigned>(seed + index));
                for (int i = 0; i < 300; ++i) {
                    if (index == 2) {
                        registry.trim_cold();
                        for (const PoolReport& report : registry.stats())
                            if (!test::adds_up(report.stats))
                                sums = false;
                        for (const Ledger& ledger : registry.ledger())
                            if (ledger.out > 8)
                                sums = false;
                        continue;
                    }
                    auto pool = registry.frames({16 + 16 * static_cast<std::uint32_t>(random() % 3), 16, PixelFormat::gray8});
                    pool.add_demand(2);
                    const PooledFrame one = pool.acquire();
                    const PooledFrame two = pool.acquire();
                    pool.add_demand(-2);
                }
            });
            CHECK(sums);
        }
        CHECK(allocator.live() == 0);
    }
}
