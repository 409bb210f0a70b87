#pragma once
// One open input of libavformat.
#include <weir/stages/av.hpp>
#include <weir/stages/demux.hpp>

#include "byte_input.hpp"
#include "input_url.hpp"

extern "C" {
#include <libavformat/avformat.h>
}

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace weir::detail {

/// One stream of an input.
struct InputStream {
    std::string name; ///< "audio1"
    std::shared_ptr<const PacketFormat> format;
    bool best = false;            ///< of its kind
    std::int64_t frame_ticks = 0; ///< a frame's duration by the frame rate, in its time base; 0 unknown
};

/// Packets as they come from the file, and how it went on after them.
struct PacketBatch {
    std::vector<av::PacketPtr> packets;
    int end = 0; ///< 0: there is more; AVERROR_EOF, or why reading failed
};

/// Called by one thread at a time.
class FormatReader {
public:
    /// Opens and looks at the streams, of `bytes` if there are any. Blocks; throws AvError, OptionError, std::runtime_error,
    /// and what `bytes` throws.
    explicit FormatReader(const DemuxOptions& options, std::shared_ptr<ByteReader> bytes = nullptr);
    ~FormatReader();
    FormatReader(const FormatReader&) = delete;
    FormatReader& operator=(const FormatReader&) = delete;

    [[nodiscard]] const std::vector<InputStream>& streams() const noexcept { return streams_; }
    [[nodiscard]] const InputUrl& url() const noexcept { return url_; }
    /// The first time of all streams, microseconds; 0 if it is not known.
    [[nodiscard]] std::int64_t start() const noexcept;
    /// Its clock may jump: transport streams.
    [[nodiscard]] bool may_jump() const noexcept { return (context_->iformat->flags & AVFMT_TS_DISCONT) != 0; }

    /// Which streams are read from now on.
    void want(std::size_t stream, bool wanted) noexcept;
    /// Why it cannot be read from another place; empty if it can, as far as is known.
    [[nodiscard]] std::string refuses_seek() const;
    /// The next packets are from the last place before that time at which decoding can begin. Blocks; ends soon once `stop`
    /// is asked for; throws AvError.
    void seek(std::chrono::nanoseconds time, std::stop_token stop);
    /// Reads up to a megabyte or so many packets of the streams that are wanted. Blocks; ends soon once `stop` is asked for.
    void read(PacketBatch& batch, std::stop_token stop);
    /// Whether `end` of a batch means that the input's bytes are damaged, not that they could not be had.
    [[nodiscard]] bool damaged(int end) const noexcept;
    /// What the application's reader threw, if it did.
    void rethrow_error() const {
        if (bytes_)
            bytes_->rethrow_error();
    }
    /// The next packet is of a stream that appeared after the opening: nothing is read until that has a name.
    [[nodiscard]] bool has_new_stream() const noexcept { return !ahead_.empty() && is_new(*ahead_.front()); }
    /// Gives it one; it is not wanted yet. Its index.
    std::size_t name_new_stream();

private:
    struct CloseInput {
        void operator()(AVFormatContext* context) const noexcept { avformat_close_input(&context); }
    };
    struct CloseIo {
        void operator()(AVIOContext* io) const noexcept { avio_closep(&io); }
    };
    static int interrupted(void* self) noexcept;
    [[nodiscard]] bool too_late() const noexcept;
    [[nodiscard]] int go_to(std::int64_t time);
    [[nodiscard]] int stream_of_pictures() const noexcept;
    [[nodiscard]] bool read_ahead_to_key(int stream, std::int64_t latest);
    void open_input(const DemuxOptions& options);
    void require_order() const;
    void find_streams(const DemuxOptions& options);
    void name_streams();
    void name_stream(std::size_t index);
    [[nodiscard]] bool is_new(const AVPacket& packet) const noexcept;
    [[nodiscard]] InputStream describe(AVStream& stream) const;
    [[nodiscard]] std::string shown() const;

    InputUrl url_;
    std::chrono::steady_clock::time_point deadline_; ///< of opening
    bool opening_ = true;
    std::stop_token stop_;
    std::unique_ptr<AVIOContext, CloseIo> io_;
    std::unique_ptr<ByteInput> bytes_;
    std::unique_ptr<AVFormatContext, CloseInput> context_; ///< after both: ends before them
    std::vector<InputStream> streams_;
    std::vector<bool> wanted_;
    std::shared_ptr<const av::Metadata> metadata_; ///< the file's
    std::map<std::string, int> names_;             ///< how many streams of each kind have one
    std::deque<av::PacketPtr> ahead_;              ///< read in search of a place to begin at
};

} // namespace weir::detail
