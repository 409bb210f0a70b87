#pragma once
// A piece of an encoded stream.
#include <weir/pools/audio_format.hpp>
#include <weir/pools/rational.hpp>
#include <weir/pools/video_format.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weir {

enum class MediaType : std::uint8_t { unknown, video, audio, subtitle, data };
[[nodiscard]] std::string_view to_string(MediaType type) noexcept;

/// What one must know to decode or to store packets. Immutable and shared by all packets it governs; a change is another
/// object and arrives with the first packet it governs.
struct PacketFormat {
    MediaType media = MediaType::unknown;
    std::string codec;        ///< FFmpeg's codec name: "h264"
    Rational time_base{0, 1}; ///< of pts, dts and duration
    std::vector<std::byte> extradata;
    VideoFormat video;                      ///< where known
    AudioFormat audio;                      ///< where known
    Rational frame_rate{0, 1};              ///< 0/1 unknown or variable
    std::int64_t bit_rate = 0;              ///< bits a second, 0 unknown
    std::shared_ptr<const void> parameters; ///< the stage library's own full record (AVCodecParameters)
};

/// "h264 1920x1080 yuv420p, 1/90000".
[[nodiscard]] std::string to_string(const PacketFormat& format);

/// A handle: copying shares the bytes. Reentrant; copying and dropping do not block.
struct Packet {
    std::shared_ptr<const PacketFormat> format;
    std::int64_t pts = no_time; ///< in `format->time_base`
    std::int64_t dts = no_time;
    std::int64_t duration = 0;
    bool key = false;
    std::span<const std::byte> data;     ///< lives as long as `payload`
    std::int64_t entered = 0;            ///< nanoseconds of the engine's clock when its source put it into the pipeline
    std::shared_ptr<const void> payload; ///< keeps `data` alive (an AVPacket, with its side data)

    explicit operator bool() const noexcept { return payload != nullptr; }
};

} // namespace weir
