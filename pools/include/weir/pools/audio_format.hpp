#pragma once
// How sound is stored: sample format, channels, rate.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// Interleaved formats, and planar ones (one plane a channel). Names are FFmpeg's.
enum class SampleFormat : std::uint8_t { none, u8, s16, s32, flt, dbl, s64, u8p, s16p, s32p, fltp, dblp, s64p };

[[nodiscard]] std::string_view to_string(SampleFormat format) noexcept;
[[nodiscard]] std::optional<SampleFormat> sample_format(std::string_view name) noexcept;
/// Bytes of one sample of one channel; 0 for `none`.
[[nodiscard]] std::uint32_t bytes_per_sample(SampleFormat format) noexcept;
[[nodiscard]] bool is_planar(SampleFormat format) noexcept;

/// Number of channels and, where known, which they are: `mask` has a bit a channel in the order of WAVEFORMATEXTENSIBLE
/// (as FFmpeg's native order); 0 says the positions are not known.
struct ChannelLayout {
    std::uint32_t channels = 0;
    std::uint64_t mask = 0;

    friend bool operator==(const ChannelLayout&, const ChannelLayout&) = default;

    /// The usual layout of 1 to 8 channels, without positions above.
    [[nodiscard]] static ChannelLayout of(std::uint32_t channels) noexcept;
};

/// "mono", "stereo", "5.1", "7.1" and the like; "9 channels" where it has no name.
[[nodiscard]] std::string to_string(const ChannelLayout& layout);
[[nodiscard]] std::optional<ChannelLayout> channel_layout(std::string_view name) noexcept;

struct AudioFormat {
    SampleFormat sample_format = SampleFormat::none;
    ChannelLayout layout;
    std::uint32_t sample_rate = 0; ///< Hz

    friend bool operator==(const AudioFormat&, const AudioFormat&) = default;
};

/// "48000 Hz stereo fltp".
[[nodiscard]] std::string to_string(const AudioFormat& format);

} // namespace weir

template <> struct std::hash<weir::ChannelLayout> {
    std::size_t operator()(const weir::ChannelLayout& layout) const noexcept;
};
template <> struct std::hash<weir::AudioFormat> {
    std::size_t operator()(const weir::AudioFormat& f) const noexcept;
};
