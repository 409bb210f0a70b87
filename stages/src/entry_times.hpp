#pragma once
// Takes the time when media entered the pipeline through a codec, which forgets it.
#include <weir/pools/rational.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::detail {

/// Remembers the last so many, more than codecs keep inside. Does not allocate.
class EntryTimes {
public:
    void note(std::int64_t pts, std::int64_t entered) noexcept { entries_[next_++ % entries_.size()] = {pts, entered}; }
    /// What went in with that time, or with the last before it; 0 if that is not known.
    [[nodiscard]] std::int64_t of(std::int64_t pts) const noexcept {
        Entry best;
        for (const Entry& entry : entries_)
            if (entry.pts != no_time && entry.pts <= pts && entry.pts >= best.pts)
                best = entry;
        return best.entered;
    }

private:
    struct Entry {
        std::int64_t pts = no_time;
        std::int64_t entered = 0;
    };
    std::array<Entry, 128> entries_;
    std::size_t next_ = 0;
};

} // namespace weir::detail
