#pragma once
// The stage that reads files and URLs: a port for each stream.
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

    std::string url;    ///< a file, a URL, or "-" for standard input
    std::string format; ///< FFmpeg's name of a container; empty: found out
    Timestamps timestamps = Timestamps::file;
    OnError on_error = OnError::skip; ///< what becomes of an input that is damaged from some place on
    std::string protocols;            ///< what the input itself may open; empty: what its URL implies, never files
    double open_timeout = 30;         ///< seconds
    std::int64_t probe_bytes = 5'000'000;
    double probe_time = 0; ///< seconds of media looked at; 0: as much as the container needs
    unsigned max_streams = 1000;
    std::map<std::string, std::string> format_options;

    [[nodiscard]] static const OptionTable<DemuxOptions>& table();
};

/// Output ports, all of packets, by kind and number: `video0`, `audio0`, `audio1`, `subtitle0`, `data0`; `video`, `audio`,
/// `subtitle` and `data` are the best of each kind; without a name it is the best video, else the best audio stream.
/// Opened when the pipeline is prepared. Streams nobody wants are not read.
///
/// Times are as in the file, in the stream's own time base, exactly. Where the file begins, and by how much its clock jumps,
/// is told beside them (weir/stages/timeline.hpp); `timestamps=continuous` adds it to the times instead.
[[nodiscard]] std::unique_ptr<StageDefinition> demux(std::string url, DemuxOptions options = {});

} // namespace weir
