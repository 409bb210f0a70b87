// Resident memory under a budget while the format changes with every frame.
#include <weir/pools/pool_registry.hpp>

#include "support.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <fstream>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;

namespace {

std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    REQUIRE(file);
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Fifty sizes, the smallest a sixth below the largest.
VideoFormat format(std::size_t index) { return {640 - 2 * static_cast<std::uint32_t>(index % 50), 360, PixelFormat::yuv420p}; }

void write_all_pages(PooledFrame& frame) {
    for (std::uint32_t index = 0; index < frame.planes(); ++index) {
        const Plane plane = frame.writable_plane(index);
        for (std::uint32_t row = 0; row < plane.rows; ++row) // rows are shorter than pages
            plane.row(row)[0] = std::byte{1};
    }
}

} // namespace

TEST_CASE("memory stays within the budget when the format changes with every frame", "[pools][memory]") {
    const std::uint64_t seed = test::seed();
    INFO("WEIR_SEED=" << seed);
    std::minstd_rand random(static_cast<unsigned>(seed));
    const std::size_t budget = 20 * SharedFramePool(format(0)).layout().bytes;
    constexpr std::size_t at_most_out = 2;

    const std::size_t before = resident_bytes();
    RegistryConfig config;
    config.max_bytes = budget;
    PoolRegistry registry(std::move(config));
    std::deque<PooledFrame> out;
    std::size_t peak = 0;
    for (int i = 0; i < 100'000; ++i) {
        BasicFramePool pool = registry.frames(format(random()));
        pool.add_demand(1);
        PooledFrame frame = pool.acquire();
        pool.add_demand(-1);
        write_all_pages(frame);
        out.push_back(std::move(frame));
        if (out.size() > at_most_out)
            out.pop_front();
        if (i % 100 == 0)
            peak = std::max(peak, resident_bytes());
    }
    out.clear();
    CHECK(registry.peak_bytes() <= budget);
    registry.trim();
    std::size_t left = resident_bytes();
    for (const auto end = std::chrono::steady_clock::now() + 5s;
         left >= before + budget / 10 && std::chrono::steady_clock::now() < end; left = resident_bytes())
        std::this_thread::sleep_for(10ms);
    CAPTURE(before, budget, peak, left);
    CHECK(registry.bytes() == 0);
    CHECK(peak - before <= budget + budget / 10);
    CHECK(left < before + budget / 10);
}
