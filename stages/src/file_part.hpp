#pragma once
// One file part of a muxer: header, packets, trailer.
#include <weir/stages/mux.hpp>

#include "byte_output.hpp"
#include "output_file.hpp"

extern "C" {
#include <libavformat/avformat.h>
}

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// The container for a name. Throws GraphError.
[[nodiscard]] const AVOutputFormat& find_container(const OutputName& name, const std::string& format);
/// Throws OptionError for options that neither it nor muxers in general have. Those of URLs' protocols cannot be told.
void check_container_options(const AVOutputFormat& container, const OutputName& name,
                             const std::map<std::string, std::string>& options);
/// What the container needs to be written where one cannot go back: sets options that were not given. Throws OptionError,
/// GraphError.
void adapt_to_bytes(const AVOutputFormat& container, bool seekable, std::map<std::string, std::string>& options);
/// Throws GraphError if the container cannot hold such a stream.
void require_holds(const AVOutputFormat& container, const PacketFormat& format, const std::string& input);

/// A packet on its way into the file: its times are on the pipeline's time line, in the format's time base.
struct TimedPacket {
    std::size_t stream = 0;
    Packet packet;
    std::int64_t pts = no_time;
    std::int64_t dts = no_time;
    bool new_format = false; ///< the first of another format that the container carries in band
};

/// What a file part is to hold.
struct PartPlan {
    struct Stream {
        std::string input; ///< for messages
        std::shared_ptr<const PacketFormat> format;
    };
    std::vector<Stream> streams;
    std::int64_t start = 0; ///< the moment of the pipeline's time line that is 0 in the file
    Rational start_base{1, 1};
};

/// Called by one thread at a time. Blocks on the file.
class FilePart {
public:
    /// Opens the output and writes the header. Throws AvError, and what an application's writer throws; that goes for the
    /// others.
    FilePart(const AVOutputFormat& container, OutputName name, const MuxOptions& options, const PartPlan& plan,
             const std::stop_token& stop);
    ~FilePart();
    FilePart(const FilePart&) = delete;
    FilePart& operator=(const FilePart&) = delete;

    void write(const TimedPacket& packet);
    /// Hands on what is buffered: for those who read along.
    void flush();
    /// Writes the trailer and closes.
    void finish();
    /// The temporary file becomes the file.
    void commit();
    /// Closed without a trailer if `finish` has not been; the name under which it is kept.
    [[nodiscard]] std::string keep_partial();
    void discard() noexcept;

    void set_stop(std::stop_token stop) noexcept {
        if (bytes_)
            bytes_->set_stop(stop);
        stop_ = std::move(stop);
    }
    [[nodiscard]] std::uint64_t packets() const noexcept { return packets_; }
    [[nodiscard]] std::uint64_t moved() const noexcept { return moved_; } ///< packets whose times were made to increase

private:
    struct FreeContext {
        void operator()(AVFormatContext* context) const noexcept { avformat_free_context(context); }
    };
    struct Track {
        AVStream* stream = nullptr;
        std::int64_t start = 0; ///< in the stream's time base, as is:
        std::int64_t last_dts = AV_NOPTS_VALUE;
    };
    static int interrupted(void* self) noexcept;
    /// What libavformat's result means; if the application's writer is to blame, what that threw.
    int check(int result, std::string_view what) const;
    /// The application's bytes are opened; no other file is, on their behalf.
    static int open_nothing(AVFormatContext* context, AVIOContext** io, const char* url, int flags, AVDictionary** options);
    static int open_again(AVFormatContext* context, AVIOContext** io, const char* url, int flags, AVDictionary** options);
    void add_stream(const PartPlan::Stream& stream);
    void open_url(const MuxOptions& options);
    void make_increase(AVPacket& packet, Track& track);
    void prepend_headers(AVPacket& packet, const PacketFormat& format);
    [[nodiscard]] std::string shown() const;

    OutputName name_;
    std::stop_token stop_;
    std::optional<OutputFile> file_;
    std::optional<ByteOutput> bytes_;
    int (*usual_open_)(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) = nullptr;
    std::unique_ptr<AVFormatContext, FreeContext> context_;
    std::vector<Track> tracks_;
    av::PacketPtr packet_;
    std::uint64_t packets_ = 0;
    std::uint64_t moved_ = 0;
    bool begun_ = false;
};

} // namespace weir::detail
