#pragma once
// The stage that writes files and URLs.
#include <weir/framework/byte_sink.hpp>
#include <weir/framework/options.hpp>
#include <weir/framework/stage.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace weir {

struct MuxOptions {
    enum class OnChange : std::uint8_t { automatic, in_band, new_part, fail };
    enum class Start : std::uint8_t { zero, keep };

    std::string url{};                        ///< a file, a URL, or "-" for standard output
    std::string format{};                     ///< FFmpeg's name of a container; empty: by the file name's ending
    bool overwrite = false;                   ///< a file that is there is replaced
    OnChange on_change = OnChange::automatic; ///< what becomes of a stream whose format changes
    Start start = Start::zero;                ///< the file begins at 0, or where its packets do
    std::map<std::string, std::string> format_options{};

    [[nodiscard]] static const OptionTable<MuxOptions>& table();
};

/// Any number of packet inputs, made as they are connected: `in0`, `in1`, ..., or as they are named. Packets are written in
/// the order of their dts. The header is written when each stream has had its first packet.
///
/// A file is written under a temporary name beside its own and gets its name at the end: when all inputs ended, also after
/// `Pipeline::drain`. If the pipeline fails, what was written is finished and kept as NAME.partial.EXT, which is said; after
/// `cancel` it is deleted. URLs, pipes and devices are written as they come.
///
/// When a stream's format changes: `in_band` goes on where the container carries formats in band (MPEG-TS and raw streams),
/// `new_part` finishes the file and begins another, NAME.2.EXT, with all streams; `automatic` is the first that is possible.
[[nodiscard]] std::unique_ptr<StageDefinition> mux(std::string url, MuxOptions options = {});

/// The same into bytes that the application pulls. `format` is FFmpeg's name of a container. One cannot go back in such an
/// output: MP4 and its like are written in fragments (unless `movflags` says how), Matroska and most others without what is
/// only known at the end, and a container that cannot do without going back is refused or fails, which is said with what to do.
///
/// Writing waits for the application on a thread of the stage's own. How the stream ended is told by the sink: after an error
/// or a cancel it has no trailer and is never whole. `on_change=new_part` is not possible. Throws GraphError if another stage
/// writes the sink.
[[nodiscard]] std::unique_ptr<StageDefinition> mux(const ByteSink& sink, std::string format, MuxOptions options = {});
/// The same into bytes that are handed over, at any place if the writer can seek: MemoryWriter, `byte_writer(f)`, or a class of
/// the application's. What the writer throws is the stage's error.
[[nodiscard]] std::unique_ptr<StageDefinition> mux(std::shared_ptr<ByteWriter> writer, std::string format,
                                                   MuxOptions options = {});

} // namespace weir
