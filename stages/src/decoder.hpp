#pragma once
// One open decoder of libavcodec: packets in, frames out. No coroutine, no waiting but for the codec's own threads.
#include <weir/framework/codec_memory.hpp>
#include <weir/stages/av.hpp>

#include "entry_times.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weir::detail {

struct DecoderSettings {
    std::string codec; ///< empty: the usual one
    unsigned threads = 1;
    std::int64_t max_pixels = 0;
    std::map<std::string, std::string> options;
    std::shared_ptr<CodecMemory> memory;
};

/// The decoder for a stream, or the one of that name. Throws GraphError (wrong name, wrong kind of stream), AvError.
[[nodiscard]] const AVCodec& find_decoder(const PacketFormat& format, const std::string& name);

/// Called by one thread at a time, whichever; the codec's own threads call back for memory.
class Decoder {
public:
    /// Opens it. Throws AvError, OptionError.
    Decoder(const std::shared_ptr<const PacketFormat>& format, DecoderSettings settings);
    ~Decoder();
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    /// False if the packets of that format need a decoder of their own.
    [[nodiscard]] bool takes(const Packet& packet) const;
    /// Queues a packet that it takes.
    void give(Packet packet);
    /// There are no more packets.
    void finish() noexcept { finished_ = true; }
    /// Decodes until `frames().size()` is `count`, or it wants another packet, or all is over. Throws what the memory threw
    /// (BudgetExhausted, std::bad_alloc); refused packets are only counted.
    void work(std::size_t count);
    [[nodiscard]] bool wants_packet() const noexcept { return input_.empty() && !finished_; }
    [[nodiscard]] std::size_t packets_waiting() const noexcept { return input_.size(); }
    [[nodiscard]] bool ended() const noexcept { return ended_; } ///< all frames are out

    /// What `work` made, in order.
    [[nodiscard]] bool has_frame() const noexcept { return !frames_.empty(); }
    [[nodiscard]] std::size_t frames() const noexcept { return frames_.size(); }
    [[nodiscard]] AVFrame& front() noexcept { return *frames_.front(); }
    void pop() noexcept;
    /// The format of the packet a frame is from.
    [[nodiscard]] const std::shared_ptr<const PacketFormat>& source_of(const AVFrame& frame) const noexcept;
    /// When the packet that it came of entered the pipeline; 0 if that is not known.
    [[nodiscard]] std::int64_t entered(const AVFrame& frame) const noexcept { return entries_.of(frame.pts); }
    /// The frame's side data with its source. Allocates only if the frame has some of its own.
    [[nodiscard]] std::shared_ptr<const SideData> extras_of(const AVFrame& frame);

    [[nodiscard]] std::uint64_t errors() const noexcept { return errors_; }
    [[nodiscard]] int last_error() const noexcept { return last_error_; }
    [[nodiscard]] std::uint64_t decoded() const noexcept { return decoded_; } ///< frames made
    [[nodiscard]] const AVCodec& codec() const noexcept { return *context_->codec; }

private:
    EntryTimes entries_;
    struct Source {
        std::shared_ptr<const PacketFormat> format;
        std::shared_ptr<const SideData> extras;
    };
    static int get_buffer(AVCodecContext* context, AVFrame* frame, int flags) noexcept;
    [[nodiscard]] int take_memory(AVCodecContext& context, AVFrame& frame, int flags);
    [[nodiscard]] const Source& source(const AVFrame& frame) const noexcept;
    void add_source(const std::shared_ptr<const PacketFormat>& format);
    [[nodiscard]] int send();
    void attach_stream_side_data();
    void note_error(int code);
    [[nodiscard]] av::PtsGuess guess_pts(const AVFrame& frame);

    DecoderSettings settings_;
    std::deque<Source> sources_;    ///< of frames that may still come, oldest first
    std::int64_t first_source_ = 0; ///< number of the oldest; frames carry the number through the codec
    std::deque<Packet> input_;
    std::deque<av::FramePtr> frames_;
    std::vector<av::FramePtr> spare_; ///< empty frames for reuse
    av::PacketPtr packet_;
    bool first_packet_ = true;
    bool finished_ = false;
    bool draining_ = false;
    bool ended_ = false;
    int refused_ = 0;                   ///< times in a row that the codec had no room for a packet
    std::int64_t last_meant_ = no_time; ///< the last frame's time as it is taken to be
    std::uint64_t errors_ = 0;
    std::uint64_t decoded_ = 0;
    int last_error_ = 0;
    detail::Mutex memory_mutex_;
    std::exception_ptr memory_error_ WEIR_GUARDED_BY(memory_mutex_);
    av::CodecContextPtr context_; ///< last: its end may still call back
};

} // namespace weir::detail
