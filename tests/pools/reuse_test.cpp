#include "../../pools/src/idle_memory.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>

using namespace weir;

namespace {

/// Everything that may be read of it, padding included.
std::span<std::byte> memory(const PooledFrame& frame) {
    const detail::Block& block = *frame.block().get();
    return {block.memory, block.bytes};
}

bool all_zero(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

} // namespace

TEMPLATE_TEST_CASE("the buffer that came back last is given out first", "[pools][reuse]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture);
    PooledFrame first = pool.acquire();
    PooledFrame second = pool.acquire();
    const std::byte* const warm = memory(first).data();
    second.reset();
    first.reset();
    CHECK(memory(pool.acquire()).data() == warm);
}

TEMPLATE_TEST_CASE("what another thread used and returned is there for everybody before anything is made or refused",
                   "[pools][reuse][stress]", WEIR_FRAME_POOLS) {
    constexpr std::size_t maximum = 4;
    const auto all = [](TestType& pool) {
        std::array<PooledFrame, maximum> frames;
        for (PooledFrame& frame : frames)
            frame = pool.acquire();
    };
    const OverflowPolicy policy =
        GENERATE(OverflowPolicy::spill, OverflowPolicy::wait, OverflowPolicy::fail, OverflowPolicy::drop);
    TestType pool(test::small_picture, test::config(maximum, policy));
    std::jthread([&] { all(pool); }).join();
    REQUIRE(pool.stats().available == maximum);
    all(pool);
    const PoolStats stats = pool.stats();
    CHECK(stats.allocations == maximum);
    CHECK(stats.total_acquires == 2 * maximum);
    CHECK(stats.overflows + stats.waits + stats.drops == 0);
}

TEMPLATE_TEST_CASE("a reused buffer is zeroed when the pool says so, padding and all", "[pools][reuse]", WEIR_FRAME_POOLS) {
    PoolConfig config = test::config(1);
    config.zero_on_reuse = true;
    TestType pool(test::small_picture, config);
    PooledFrame frame = pool.acquire();
    std::memset(memory(frame).data(), 0x77, memory(frame).size());
    frame.reset();
    frame = pool.acquire();
    CHECK(all_zero(memory(frame)));
    CHECK(pool.stats().allocations == 1);
}

TEMPLATE_TEST_CASE("a buffer handed to one who waits is zeroed as well", "[pools][reuse][wait]", WEIR_FRAME_POOLS) {
    PoolConfig config = test::config(1, OverflowPolicy::wait);
    config.zero_on_reuse = true;
    TestType pool(test::small_picture, config);
    PooledFrame frame = pool.acquire();
    std::memset(memory(frame).data(), 0x77, memory(frame).size());
    PooledFrame other;
    std::jthread thread([&] { other = pool.acquire(); });
    test::until([&] { return pool.stats().waits == 1; });
    frame.reset();
    thread.join();
    CHECK(all_zero(memory(other)));
}

TEMPLATE_TEST_CASE("a new handle starts with a fresh header", "[pools][reuse]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture);
    PooledFrame frame = pool.acquire();
    frame.header().pts = 42;
    frame.header().crop = {2, 2, 10, 10};
    frame.reset();
    frame = pool.acquire();
    CHECK(frame.header().pts == no_time);
    CHECK(frame.header().crop == Crop{0, 0, 64, 48});
    CHECK(frame.format() == test::small_picture);
}

TEMPLATE_TEST_CASE("samples that do not fit or have another format are refused and take nothing", "[pools][reuse]",
                   SharedSamplePool, LockFreeSamplePool) {
    TestType pool(test::stereo, 1024);
    AudioFormat other = test::stereo;
    other.sample_format = SampleFormat::flt;
    CHECK_THROWS_AS(pool.acquire(test::stereo, 1025), FormatError);
    CHECK_THROWS_AS(pool.acquire(other, 10), FormatError);
    other = test::stereo;
    other.layout = ChannelLayout::of(1);
    CHECK_THROWS_AS(pool.try_acquire(other, 10), FormatError);
    CHECK(pool.stats().total_acquires == 0);
    AudioFormat slower = test::stereo;
    slower.sample_rate = 8000;
    CHECK(pool.acquire(slower, 1024).format() == slower);
}

// What is idle belongs to nobody: who still reads it is to find that out.
#ifdef WEIR_ADDRESS_SANITIZER
TEMPLATE_TEST_CASE("AddressSanitizer objects to every byte of an idle buffer, and to none of one in use", "[pools][reuse]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1));
    PooledFrame frame = pool.acquire();
    const std::span<std::byte> bytes = memory(frame);
    CHECK(__asan_region_is_poisoned(bytes.data(), bytes.size()) == nullptr);
    frame.reset();
    for (const std::byte& each : bytes)
        REQUIRE(__asan_address_is_poisoned(&each));
    frame = pool.acquire();
    CHECK(__asan_region_is_poisoned(bytes.data(), bytes.size()) == nullptr);
}
#elif !defined(NDEBUG)
TEMPLATE_TEST_CASE("in debug builds an idle buffer is filled with a pattern", "[pools][reuse]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1));
    PooledFrame frame = pool.acquire();
    const std::span<std::byte> bytes = memory(frame); // the pool keeps it
    std::memset(bytes.data(), 0, bytes.size());
    frame.reset();
    CHECK(std::all_of(bytes.begin(), bytes.end(), [](std::byte each) { return each == std::byte{0xd5}; }));
}
#endif
