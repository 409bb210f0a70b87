#pragma once
// What bounds a link, and what becomes of an item for which it has no room.
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir {

enum class WhenFull : std::uint8_t {
    wait,        ///< the producer waits: nothing is lost
    drop_oldest, ///< the items that have waited longest go: for live pictures
    drop_newest, ///< the new item goes: for those who must finish what they began
};

/// A link is full when it has reached any of its bounds; an empty one always takes an item. Of packets, what comes after a drop
/// and cannot be decoded without it is dropped, too: all up to the next key packet. Drops are counted; the end of the stream
/// and gaps are never dropped. What a consumer looks at (`peek`) is in its hand: it is not dropped and not counted.
struct LinkOptions {
    std::size_t capacity = 0;             ///< items; 0: the type's default, or what the graph needs
    std::size_t max_bytes = 0;            ///< of payload: packets' data, buffers of pictures and sound; 0: unlimited
    std::chrono::nanoseconds max_time{0}; ///< of media, from the last item taken to the last one put; 0: unlimited
    bool feedback = false;                ///< closes a loop whose first item the stages themselves provide
    WhenFull when_full = WhenFull::wait;

    /// Keeps the latest item only: for a slow observer that must never hold others up.
    [[nodiscard]] static constexpr LinkOptions latest() noexcept {
        LinkOptions options;
        options.capacity = 1;
        options.when_full = WhenFull::drop_oldest;
        return options;
    }
};

} // namespace weir
