#pragma once
// How a zimg graph gets at the planes of a frame: in place where they are as zimg wants them, else by way of a few rows.
#include "zimg_graph.hpp"

#include <cstddef>
#include <memory>

namespace weir::detail {

struct FreeAligned {
    void operator()(std::byte* memory) const noexcept { ::operator delete[](memory, std::align_val_t{64}); }
};
/// Uninitialised memory at a multiple of 64.
using AlignedBytes = std::unique_ptr<std::byte[], FreeAligned>;
[[nodiscard]] AlignedBytes aligned_bytes(std::size_t count);

/// Bytes before memory given to zimg that must be readable: see ZimgConverter.
inline constexpr std::size_t zimg_margin = 64;

/// One side of a graph. zimg wants whole chroma pixels, planes apart from each other and rows at multiples of 64 bytes; what
/// is not so is copied through a ring of rows while the graph runs.
class PlaneStaging {
public:
    /// `rows`: what the graph asks to be buffered. `always`: never in place.
    PlaneStaging(const VideoFormat& format, unsigned rows, bool always = false);

    /// Points at the frame's planes. Allocates the rings that are needed for the first time.
    void bind_source(const PooledFrame& frame);
    void bind_target(PooledFrame& frame);
    /// Whether the graph must call `unpack` or `pack`.
    [[nodiscard]] bool staged() const noexcept { return staged_; }
    [[nodiscard]] zimg_image_buffer_const source() const noexcept;
    [[nodiscard]] zimg_image_buffer target() const noexcept;

    /// Fills the rings with row `row` and those that share its chroma, columns [left, right).
    void unpack(unsigned row, unsigned left, unsigned right) const noexcept;
    void pack(unsigned row, unsigned left, unsigned right) const noexcept;

private:
    struct Part {
        ZimgPlane place;
        std::uint32_t log2_w = 0;
        std::uint32_t log2_h = 0;
        std::uint32_t width = 0; ///< samples the frame has
        std::uint32_t height = 0;
        std::ptrdiff_t ring_stride = 0;
        unsigned ring_mask = ZIMG_BUFFER_MAX;
        AlignedBytes ring;
        bool staged = false;
        const std::byte* read = nullptr; ///< the frame's first row
        std::byte* write = nullptr;
        std::ptrdiff_t stride = 0;

        [[nodiscard]] std::byte* ring_row(std::uint32_t y) const noexcept {
            return ring.get() + zimg_margin + ring_stride * static_cast<std::ptrdiff_t>(y & ring_mask);
        }
    };
    void decide(Part& part, const ConstPlane& plane, std::size_t alignment);
    template <class Sample>
    void unpack_row(const Part& part, std::uint32_t y, std::uint32_t left, std::uint32_t right) const noexcept;
    template <class Sample>
    void pack_row(const Part& part, std::uint32_t y, std::uint32_t left, std::uint32_t right) const noexcept;
    template <class F> void for_rows(unsigned row, unsigned left, unsigned right, F f) const noexcept;

    ZimgPicture picture_;
    bool always_;
    std::array<Part, 4> parts_;
    bool staged_ = false;
};

} // namespace weir::detail
