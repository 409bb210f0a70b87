#pragma once
// Sound that a stage passes on.
#include <weir/pools/audio_format.hpp>
#include <weir/pools/pooled_frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace weir {

/// The handle's own part of a sample buffer.
struct SampleHeader {
    std::int64_t pts = no_time; ///< of the first sample, in `time_base`
    std::int64_t duration = 0;  ///< in `time_base`, 0 unknown
    Rational time_base{0, 1};
    AudioFormat format;
    std::uint32_t offset = 0; ///< first sample in the buffer that is meant
    std::uint32_t count = 0;  ///< samples a channel
    std::shared_ptr<const SideData> side_data;
    std::int64_t entered = 0; ///< nanoseconds of the engine's clock when its source put it into the pipeline; 0: it has not yet
};

/// As PooledFrame, for sound.
class PooledSamples {
public:
    PooledSamples() = default;
    PooledSamples(detail::BlockRef block, SampleHeader header) noexcept
        : header_(std::move(header)), block_(std::move(block)) {}

    explicit operator bool() const noexcept { return static_cast<bool>(block_); }

    [[nodiscard]] const SampleHeader& header() const noexcept { return header_; }
    [[nodiscard]] SampleHeader& header() noexcept { return header_; }
    [[nodiscard]] const AudioFormat& format() const noexcept { return header_.format; }
    [[nodiscard]] const SampleLayout& layout() const noexcept { return *block_.get()->samples; }
    /// 1 if interleaved, else a plane a channel.
    [[nodiscard]] std::uint32_t planes() const noexcept;
    /// Bytes of one plane that are meant: `count` samples (times channels if interleaved).
    [[nodiscard]] std::size_t plane_bytes() const noexcept;

    [[nodiscard]] const std::byte* plane(std::uint32_t index) const noexcept;
    /// Only while this is the only handle: asserted in debug builds.
    [[nodiscard]] std::byte* writable_plane(std::uint32_t index) noexcept;
    [[nodiscard]] bool unique() const noexcept { return block_.unique(); }

    void pass_to(HolderId holder, std::int64_t now) const noexcept {
        if (block_)
            block_.get()->pass_to(holder, now);
    }

    void reset() noexcept { block_.reset(); }
    [[nodiscard]] const detail::BlockRef& block() const noexcept { return block_; }
    [[nodiscard]] detail::BlockRef take_block() && noexcept { return std::move(block_); }

private:
    SampleHeader header_;
    detail::BlockRef block_;
};

/// Copies the samples that `from` means into `to`, whose buffer must hold as many, in the same format. Throws
/// FormatError otherwise.
void copy_samples(const PooledSamples& from, PooledSamples& to);

} // namespace weir
