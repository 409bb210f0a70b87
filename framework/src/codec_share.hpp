#pragma once
// How the threads of an engine are shared out among codecs.
#include <algorithm>
#include <atomic>
#include <cstdint>

namespace weir::detail {

/// The part of one pipeline, or branch, in the codecs' load of its engine, from its start to its end.
class CodecShare {
public:
    CodecShare(std::atomic<std::uint64_t>& of_all, std::uint64_t load) noexcept
        // Relaxed, as below: a number, which says nothing of other memory.
        : of_all_(of_all), own_(load), all_(of_all.fetch_add(load, std::memory_order_relaxed) + load) {}
    ~CodecShare() { of_all_.fetch_sub(own_, std::memory_order_relaxed); }
    CodecShare(const CodecShare&) = delete;
    CodecShare& operator=(const CodecShare&) = delete;

    /// So many threads of that number for one codec: by its load among all that ran at the start, rounded; 1 or more.
    [[nodiscard]] unsigned threads(unsigned number, unsigned load) const noexcept {
        if (load == 0)
            return 1;
        return std::max(1u, static_cast<unsigned>((2 * std::uint64_t{number} * load + all_) / (2 * all_)));
    }

private:
    std::atomic<std::uint64_t>& of_all_;
    const std::uint64_t own_;
    const std::uint64_t all_; ///< at the start, its own among them
};

} // namespace weir::detail
