#include <weir/pools/pool_registry.hpp>

#include "support.hpp"

#include <catch2/catch.hpp>

#include <optional>

using namespace weir;

namespace {

/// A codec's own picture, 16 bytes more a row than ours.
struct OwnMemory {
    static constexpr std::ptrdiff_t stride = 80;
    std::vector<std::byte> bytes = std::vector<std::byte>(80 * 48 * 3);
    int released = 0;

    ForeignFrame foreign() {
        ForeignFrame frame;
        for (std::size_t i = 0; i < 3; ++i)
            frame.plane[i] = {bytes.data() + i * 80 * 48, stride};
        frame.release = [](void* opaque) noexcept { ++static_cast<OwnMemory*>(opaque)->released; };
        frame.opaque = this;
        return frame;
    }
};

} // namespace

TEMPLATE_TEST_CASE("adopted memory is a frame like any other, without a copy", "[pools][adopt]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1));
    OwnMemory memory;
    PooledFrame frame = pool.adopt(memory.foreign());
    CHECK(frame.format() == test::small_picture);
    CHECK(frame.plane(0).data == memory.bytes.data());
    CHECK(frame.plane(0).stride == 80);
    frame.writable_plane(2).row(23)[31] = std::byte{9};
    CHECK(memory.bytes[2 * 80 * 48 + 23 * 80 + 31] == std::byte{9});

    PooledFrame copy = frame;
    frame.reset();
    CHECK(memory.released == 0);
    copy.reset();
    CHECK(memory.released == 1);
}

TEMPLATE_TEST_CASE("adopted memory counts for itself, not as the pool's buffers", "[pools][adopt]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1, OverflowPolicy::fail));
    OwnMemory memory;
    const Holder holder("decode");
    const PooledFrame own = pool.acquire();
    PooledFrame first = pool.adopt(memory.foreign(), {.quota = {}, .holder = holder.id(), .now = 0});
    PooledFrame second = pool.adopt(memory.foreign(), {.quota = {}, .holder = holder.id(), .now = 0});
    PoolStats stats = pool.stats();
    CHECK(stats.capacity == 1);
    CHECK(stats.in_use == 1);
    CHECK(stats.adopted == 2);
    CHECK(stats.adopted_in_use == 2);
    CHECK(stats.bytes == pool.layout().bytes);
    CHECK(stats.overflows == 0);
    CHECK(to_string(pool.ledger()) == "3 of 1 out: decode 2, (unnamed) 1");

    first.reset();
    second.reset();
    stats = pool.stats();
    CHECK(stats.adopted == 2);
    CHECK(stats.adopted_in_use == 0);
    CHECK(test::adds_up(stats));
    CHECK(pool.ledger().out == 1);
}

TEMPLATE_TEST_CASE("adopting counts against the quota and gives it back", "[pools][adopt][quota]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture);
    OwnMemory memory;
    const auto quota = Quota::make(1);
    REQUIRE(quota->try_take());
    PooledFrame frame = pool.adopt(memory.foreign(), {.quota = quota, .holder = {}, .now = 0});
    frame.reset();
    CHECK(quota->in_use() == 0);
}

TEMPLATE_TEST_CASE("foreign memory is released before room in the quota is told", "[pools][adopt][quota]", WEIR_FRAME_POOLS) {
    struct Looker final : Waiter {
        explicit Looker(const OwnMemory& of) : memory(of) {}
        void notify() noexcept override { released = memory.released; }
        const OwnMemory& memory;
        int released = 0;
    };
    TestType pool(test::small_picture);
    OwnMemory memory;
    const auto quota = Quota::make(1);
    REQUIRE(quota->try_take());
    PooledFrame frame = pool.adopt(memory.foreign(), {.quota = quota, .holder = {}, .now = 0});
    Looker looker(memory);
    REQUIRE_FALSE(quota->take_or_notify(looker));
    frame.reset();
    CHECK(looker.released == 1);
}

TEMPLATE_TEST_CASE("an adopted frame outlives its pool", "[pools][adopt][lifetime]", WEIR_FRAME_POOLS) {
    OwnMemory memory;
    std::optional<TestType> pool(std::in_place, test::small_picture);
    PooledFrame first = pool->adopt(memory.foreign());
    PooledFrame second = pool->adopt(memory.foreign());
    pool.reset();
    first.reset();
    CHECK(memory.released == 1);
    CHECK(second.format() == test::small_picture);
    second.reset();
    CHECK(memory.released == 2);
}

TEMPLATE_TEST_CASE("a release may call back into the pool", "[pools][adopt]", WEIR_FRAME_POOLS) {
    struct Nested {
        TestType& pool;
        PooledFrame held;
        PoolStats stats;
    };
    TestType pool(test::small_picture);
    Nested nested{pool, pool.acquire(), {}};
    ForeignFrame foreign;
    foreign.opaque = &nested;
    foreign.release = [](void* opaque) noexcept {
        auto& self = *static_cast<Nested*>(opaque);
        self.held.reset();
        self.stats = self.pool.stats();
    };
    pool.adopt(foreign).reset();
    CHECK(nested.stats.in_use == 0);
    CHECK(nested.stats.available == 1);
}

TEMPLATE_TEST_CASE("adopted sound has a pointer for each channel", "[pools][adopt]", SharedSamplePool, LockFreeSamplePool) {
    TestType pool(test::stereo, 1024);
    struct Sound {
        std::vector<float> left = std::vector<float>(1024, 0.25f);
        std::vector<float> right = std::vector<float>(1024, 0.5f);
        std::byte* planes[2] = {reinterpret_cast<std::byte*>(left.data()), reinterpret_cast<std::byte*>(right.data())};
        int released = 0;
    } sound;
    const ForeignSamples foreign{sound.planes, [](void* opaque) noexcept { ++static_cast<Sound*>(opaque)->released; }, &sound};
    PooledSamples samples = pool.adopt(foreign, test::stereo, 1000);
    CHECK(samples.planes() == 2);
    CHECK(samples.header().count == 1000);
    samples.header().offset = 10;
    CHECK(samples.plane(1) == sound.planes[1] + 40);
    samples.reset();
    CHECK(sound.released == 1);

    AudioFormat other = test::stereo;
    other.sample_format = SampleFormat::s16;
    CHECK_THROWS_AS(pool.adopt(foreign, other, 1000), FormatError);
    CHECK(sound.released == 2);
    CHECK_THROWS_AS(pool.adopt(foreign, test::stereo, 1025), FormatError);
    CHECK(sound.released == 3);
}
