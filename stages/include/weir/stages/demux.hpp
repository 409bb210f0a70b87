#pragma once
// The stage that reads files and URLs: a port for each stream.
#include <weir/framework/byte_source.hpp>
#include <weir/framework/options.hpp>
#include <weir/framework/stage.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace weir {

struct DemuxOptions {
    enum class Timestamps : std::uint8_t { file, continuous };
    enum class OnError : std::uint8_t { skip, fail };

    std::string url{};    ///< a file, a URL, or "-" for standard input
    std::string format{}; ///< FFmpeg's name of a container; empty: found out
    Timestamps timestamps = Timestamps::file;
    OnError on_error = OnError::skip; ///< what becomes of an input that is damaged from some place on
    std::string protocols{};          ///< what the input itself may open; empty: what its URL implies, never files
    double open_timeout = 30;         ///< seconds
    std::int64_t probe_bytes = 5'000'000;
    double probe_time = 0; ///< seconds of media looked at; 0: as much as the container needs
    unsigned max_streams = 1000;
    std::map<std::string, std::string> format_options{};

    [[nodiscard]] static const OptionTable<DemuxOptions>& table();
};

/// Output ports, all of packets, by kind and number: `video0`, `audio0`, `audio1`, `subtitle0`, `data0`; `video`, `audio`,
/// `subtitle` and `data` are the best of each kind; without a name it is the best video, else the best audio stream.
/// Opened when the pipeline is prepared. Streams nobody wants are not read, until a branch does. One that appears later
/// (MPEG-TS) gets its port then (Pipeline::on_port_added).
///
/// Times are as in the file, in the stream's own time base, exactly. Where the file begins, and by how much its clock jumps,
/// is told beside them (weir/stages/timeline.hpp); `timestamps=continuous` adds it to the times instead.
[[nodiscard]] std::unique_ptr<StageDefinition> demux(std::string url, DemuxOptions options = {});

/// The same of bytes that the application pushes. Opening reads them, so `prepare`, `check` and `start` wait until the streams
/// are known, at most `open_timeout`: push from another thread, or first, if all that the container's beginning takes has room
/// in the source. An input that needs a seek, as an MP4 with its index at the end, is refused: give a ByteReader.
///
/// What comes in is waited for on a thread of the stage's own. When the stage ends, by any way, pushes give nothing any more.
/// `drain` ends it where it is: what it has not read is discarded. Throws GraphError if another stage reads the source.
[[nodiscard]] std::unique_ptr<StageDefinition> demux(const ByteSource& source, DemuxOptions options = {});
/// The same of bytes that are pulled, at any place if the reader can seek: MemoryReader, `byte_reader(f)`, or a class of the
/// application's. What the reader throws is the stage's error.
[[nodiscard]] std::unique_ptr<StageDefinition> demux(std::shared_ptr<ByteReader> reader, DemuxOptions options = {});

} // namespace weir
