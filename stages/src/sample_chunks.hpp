#pragma once
// Sound in pieces of any length cut into pieces of one length.
#include <weir/pools/pooled_samples.hpp>

#include "scratch_memory.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace weir::detail {

/// Pieces go in with their times in 1/rate; chunks of `length` samples come out, each with the time of its first sample. A
/// chunk that lies in one piece, well aligned, is a view of it; others are put together in memory of their own, so that no
/// piece is kept for long.
class SampleChunks {
public:
    /// `length` 0: pieces come out as they went in. `memory` outlives it.
    SampleChunks(ScratchMemory& memory, std::uint32_t length) noexcept : memory_(&memory), length_(length) {}

    void add(const PooledSamples& piece);
    /// The next whole chunk, or with `rest` what is left at the end; empty if there is none.
    [[nodiscard]] std::optional<PooledSamples> take(bool rest);

private:
    [[nodiscard]] std::uint32_t fill(const PooledSamples& piece, std::uint32_t from);

    ScratchMemory* memory_;
    std::uint32_t length_;
    std::deque<PooledSamples> whole_;
    PooledSamples partial_;
    std::uint32_t filled_ = 0; ///< samples of `partial_`
};

} // namespace weir::detail
