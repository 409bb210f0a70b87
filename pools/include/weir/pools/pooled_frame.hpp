#pragma once
// A picture that a stage passes on.
#include <weir/pools/detail/block.hpp>
#include <weir/pools/rational.hpp>
#include <weir/pools/video_format.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace weir {

/// What comes with a picture or sound besides it: closed captions, mastering display, replay gain. The stages that know
/// the kind derive from it; shared and immutable.
class SideData {
public:
    virtual ~SideData() = default;
};

/// A rectangle of a buffer, in pixels of luma.
struct Crop {
    std::uint32_t x = 0;
    std::uint32_t y = 0;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    friend bool operator==(const Crop&, const Crop&) = default;
};

enum class FieldOrder : std::uint16_t { progressive, top_first, bottom_first };

/// What is known of a picture besides its pixels. Whole words and no padding: it is copied in a few wide moves, always the same
/// ones, which wait for no narrower store before them.
struct FrameProperties {
    std::int64_t pts = no_time; ///< in `time_base`
    std::int64_t duration = 0;  ///< in `time_base`, 0 unknown
    Rational time_base{0, 1};
    Crop crop;                    ///< the visible picture; x and y are multiples of the chroma subsampling
    Rational sample_aspect{0, 1}; ///< of a pixel; 0/1 unknown
    Rational frame_rate{0, 1};    ///< 0/1 unknown or variable
    Colour colour;
    bool key = false;
    FieldOrder fields = FieldOrder::progressive;
};

/// The handle's own part of a frame: changing it never touches pixels or other handles.
struct FrameHeader : FrameProperties {
    std::shared_ptr<const SideData> side_data;
    std::int64_t entered = 0; ///< nanoseconds of the engine's clock when its source put it into the pipeline; 0: it has not yet
};

/// Rows of one plane, read only. `data` is the first visible pixel.
struct ConstPlane {
    const std::byte* data = nullptr;
    std::ptrdiff_t stride = 0; ///< bytes, may be negative
    std::size_t row_bytes = 0; ///< visible
    std::uint32_t rows = 0;    ///< visible

    [[nodiscard]] const std::byte* row(std::uint32_t y) const noexcept {
        return data + stride * static_cast<std::ptrdiff_t>(y);
    }
};

/// Rows of one plane.
struct Plane {
    std::byte* data = nullptr;
    std::ptrdiff_t stride = 0;
    std::size_t row_bytes = 0;
    std::uint32_t rows = 0;

    [[nodiscard]] std::byte* row(std::uint32_t y) const noexcept { return data + stride * static_cast<std::ptrdiff_t>(y); }
    operator ConstPlane() const noexcept { return {data, stride, row_bytes, rows}; }
};

/// A handle to a picture: a header of its own and a counted reference to a buffer that returns to its pool with the
/// last handle, on whatever thread. Copying costs a header and one atomic increment; neither copying nor dropping
/// allocates or blocks. Outlives its pool safely. A default-constructed one is empty. Reentrant: one handle belongs to
/// one thread at a time, handles to one buffer do not.
class PooledFrame {
public:
    PooledFrame() = default;
    PooledFrame(detail::BlockRef block, FrameHeader header) noexcept : header_(std::move(header)), block_(std::move(block)) {}
    PooledFrame(const PooledFrame&) = default;
    PooledFrame& operator=(const PooledFrame&) = default;
    // A hop moves a handle three times and drops as many that are empty: as calls they are 2 % of it.
    [[gnu::always_inline]] PooledFrame(PooledFrame&&) noexcept = default;
    PooledFrame& operator=(PooledFrame&&) noexcept = default;
    [[gnu::always_inline]] ~PooledFrame() = default;

    explicit operator bool() const noexcept { return static_cast<bool>(block_); }

    [[nodiscard]] const FrameHeader& header() const noexcept { return header_; }
    [[nodiscard]] FrameHeader& header() noexcept { return header_; }
    /// The visible picture's size and its pixel format.
    [[nodiscard]] VideoFormat format() const noexcept;
    /// The memory's own layout: the coded size, alignment. For adopted memory only format, planes and rows are meant.
    [[nodiscard]] const FrameLayout& layout() const noexcept { return *block_.get()->frame; }
    [[nodiscard]] std::uint32_t planes() const noexcept { return layout().planes; }

    /// The visible part of a plane. `index` below `planes()`.
    [[nodiscard]] ConstPlane plane(std::uint32_t index) const noexcept;
    /// The same to write to. Only while this is the only handle (`unique()`): asserted in debug builds.
    [[nodiscard]] Plane writable_plane(std::uint32_t index) noexcept;
    [[nodiscard]] bool unique() const noexcept { return block_.unique(); }

    /// A handle to a part of the picture, without a copy; keeps the buffer out. Throws std::out_of_range if `part` is
    /// not inside the visible picture or does not begin on whole chroma pixels (for packed bits: whole bytes).
    [[nodiscard]] PooledFrame view(Crop part) const;
    /// The largest power of two, up to 4096, that divides the address and stride of every plane.
    [[nodiscard]] std::size_t aligned_to() const noexcept;

    /// The ledger's note: who has it now.
    void pass_to(HolderId holder, std::int64_t now) const noexcept {
        if (block_)
            block_.get()->pass_to(holder, now);
    }

    void reset() noexcept { block_.reset(); }
    [[nodiscard]] const detail::BlockRef& block() const noexcept { return block_; }
    [[nodiscard]] detail::BlockRef take_block() && noexcept { return std::move(block_); }

private:
    FrameHeader header_;
    detail::BlockRef block_;
};

/// "1920x1080 yuv420p pts 1.5 s", for messages.
[[nodiscard]] std::string to_string(const PooledFrame& frame);

/// Copies the visible pixels of `from` into `to`, which must have the same format and be the only handle.
/// Throws FormatError otherwise.
void copy_pixels(const PooledFrame& from, PooledFrame& to);

} // namespace weir
