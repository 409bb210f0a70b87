#pragma once
// One open encoder of libavcodec: frames in, packets out. No coroutine, no waiting but for the codec's own threads.
#include <weir/stages/av.hpp>

#include "entry_times.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weir::detail {

/// Called by one thread at a time, whichever.
class Encoder {
public:
    /// Takes over an open context. `time_base` is that of the frames given and of the packets made; `stream` has what
    /// the codec does not know (side data, metadata).
    Encoder(av::CodecContextPtr open, Rational time_base, Rational frame_rate, av::StreamParameters stream);

    /// Queues a frame; its pts is in the time base. `duration` 0 if unknown. `entered`: see FrameHeader.
    void give(av::FramePtr frame, std::int64_t duration, std::int64_t entered);
    [[nodiscard]] std::size_t frames_waiting() const noexcept { return input_.size(); }
    void finish() noexcept { finished_ = true; }
    /// Encodes until there are `count` packets, or it wants frames, or all is over. Throws AvError.
    void work(std::size_t count);
    [[nodiscard]] bool ended() const noexcept { return ended_; }

    [[nodiscard]] bool has_packet() const noexcept { return !packets_.empty(); }
    [[nodiscard]] Packet take();
    [[nodiscard]] const std::shared_ptr<const PacketFormat>& format() const noexcept { return format_; }
    [[nodiscard]] const AVCodecContext& context() const noexcept { return *context_; }
    /// Changes what can be changed while it is open; from the next frame on that the codec has not begun.
    void change(const std::map<std::string, std::string>& options);

private:
    std::map<std::int64_t, std::int64_t> durations_; ///< of frames inside, by pts: codecs forget them
    EntryTimes entries_;
    std::deque<av::FramePtr> input_;
    std::deque<av::PacketPtr> packets_;
    std::shared_ptr<const PacketFormat> format_;
    bool finished_ = false;
    bool draining_ = false;
    bool ended_ = false;
    av::CodecContextPtr context_;
};

/// The encoder of that name, or the usual one for a codec of that name. Throws OptionError.
[[nodiscard]] const AVCodec& find_encoder(const std::string& name);
/// A context for the codec with the user's options set: what they say of rate or layout can be read there. Throws OptionError
/// for options that it does not have or values that it does not take.
[[nodiscard]] av::CodecContextPtr encoder_context(const AVCodec& codec, const std::map<std::string, std::string>& options);
/// Opens it. Throws AvError.
void open_encoder(AVCodecContext& context, unsigned threads, bool experimental);
/// What the stream that a frame is from passes on to the stream that is made of it.
[[nodiscard]] av::StreamParameters inherited(const std::shared_ptr<const SideData>& side_data);

} // namespace weir::detail
