#pragma once
// A source that can go elsewhere, and what is seen of it.
#include "engines.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace support {

/// Frames below `count`, one a second of the stream.
inline weir::Process frames_from(weir::Output<weir::PooledFrame> out, int count) {
    const auto position = weir::this_stage().position();
    for (int i = position ? static_cast<int>(position->time / std::chrono::seconds(1)) : 0; i < count; ++i) {
        weir::PooledFrame frame = co_await out.acquire(small);
        frame.header().pts = i;
        if (!co_await out.put(std::move(frame)))
            co_return;
    }
}

/// What reaches it, by any thread.
struct Seen {
    void add(int item) {
        const std::lock_guard lock(mutex);
        items.push_back(item);
        count.store(items.size());
    }
    [[nodiscard]] std::vector<int> all() const {
        const std::lock_guard lock(mutex);
        return items;
    }
    void until(std::size_t many) const {
        while (count.load() < many)
            std::this_thread::yield();
    }
    mutable std::mutex mutex;
    std::vector<int> items;
    std::atomic<std::size_t> count{0};
};

/// Ascending runs, each beginning at one of `places`: nothing from before a seek comes after it.
inline void check_runs(const std::vector<int>& items, const std::vector<int>& places) {
    auto place = places.begin();
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0 && items[i] == items[i - 1] + 1)
            continue;
        place = std::find(place, places.end(), items[i]); // seeks between which nothing came are not seen
        REQUIRE(place != places.end());
        ++place;
    }
}

} // namespace support
