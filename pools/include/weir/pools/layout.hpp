#pragma once
// Where the planes of a buffer lie: the one place that computes sizes, strides and padding.
#include <weir/pools/audio_format.hpp>
#include <weir/pools/video_format.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir {

/// One plane of a buffer.
struct PlaneLayout {
    std::size_t offset = 0;    ///< of the first row, bytes from the start of the memory
    std::ptrdiff_t stride = 0; ///< bytes from a row to the one below it; negative if stored upside down
    std::size_t row_bytes = 0; ///< bytes of a row that hold pixels
    std::uint32_t rows = 0;

    friend bool operator==(const PlaneLayout&, const PlaneLayout&) = default;
};

/// What the memory must satisfy besides holding the picture.
struct BufferRequirements {
    std::uint32_t alignment = 64; ///< of planes and strides, bytes; a power of two, 1 to 4096
    std::uint32_t padding = 64;   ///< bytes behind the last plane that may be read and written

    friend bool operator==(const BufferRequirements&, const BufferRequirements&) = default;
};

/// The memory of a picture: a pool's key.
struct FrameLayout {
    VideoFormat format;
    BufferRequirements requirements;
    std::array<PlaneLayout, 4> plane{};
    std::uint32_t planes = 0;
    std::size_t bytes = 0; ///< of the whole allocation, padding included

    friend bool operator==(const FrameLayout&, const FrameLayout&) = default;
};

/// Computes the layout. Chroma strides are exactly luma's shifted by the subsampling, all are multiples of the
/// alignment and none is a multiple of 4096, as long as the alignment leaves a choice: where it makes a plane's strides
/// multiples of 4096 (4096 itself; 2048 with chroma of half the width) they are. Pixels of several bytes are aligned as
/// words even if less is asked for. Throws FormatError for sizes of 0, above 32768 a side or 2^30 pixels, for no pixel
/// format, and for an alignment that is none.
[[nodiscard]] FrameLayout frame_layout(const VideoFormat& format, BufferRequirements requirements = {});

/// The memory of sound: `capacity` samples of each channel. The rate is no part of it.
struct SampleLayout {
    SampleFormat sample_format = SampleFormat::none;
    std::uint32_t channels = 0;
    std::uint32_t capacity = 0;  ///< samples a channel
    std::uint32_t planes = 0;    ///< `channels` if planar, else 1
    std::size_t plane_bytes = 0; ///< from one plane to the next, a multiple of 64
    std::size_t bytes = 0;

    friend bool operator==(const SampleLayout&, const SampleLayout&) = default;
};

/// Throws FormatError for 0 or more than 1,024 channels, no sample format, or more than 2^31 bytes.
[[nodiscard]] SampleLayout sample_layout(const AudioFormat& format, std::uint32_t capacity);

/// The bytes of the tightly packed visible planes of `format` (chroma rounded up, palette included).
[[nodiscard]] std::size_t packed_bytes(const VideoFormat& format) noexcept;

/// Rows and bytes a row of plane `index` of a picture of `format`, tightly packed.
[[nodiscard]] PlaneLayout packed_plane(const VideoFormat& format, std::uint32_t index) noexcept;

} // namespace weir
