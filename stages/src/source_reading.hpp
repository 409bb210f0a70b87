#pragma once
// A demuxer's packets on their way from the file to its ports.
#include <weir/framework/stage.hpp>

#include "format_reader.hpp"
#include "source_clock.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace weir::detail {

/// One stream's way out.
struct SourceLane {
    Output<Packet> out;
    std::shared_ptr<const PacketFormat> format{};
    std::int64_t frame_ticks = 0;
    std::int64_t reached = no_time; ///< on the time line, microseconds
    bool has_port = true;           ///< false: it stands in with another's, which is never used
    bool wanted = false;

    /// Something is connected to it, and not closed.
    [[nodiscard]] bool is_read() const noexcept { return has_port && !out.port().links().empty() && out.open(); }
};

/// Turns the file's packets into ours. In the stage's body, but for `FormatReader::read`.
class SourceReading {
public:
    /// `ports`: the stage's. Those of all streams of the reader are among them.
    SourceReading(StageContext& context, Ports& ports, FormatReader& reader, const DemuxOptions& options);

    [[nodiscard]] FormatReader& reader() noexcept { return reader_; }
    [[nodiscard]] SourceLane& lane(const AVPacket& packet) noexcept {
        return lanes_[static_cast<std::size_t>(packet.stream_index)];
    }
    /// Somebody still reads a stream.
    [[nodiscard]] bool anyone() const noexcept;
    /// Before a read: from now on what somebody is connected to is read, and nothing else. Branches come and go.
    void note_readers();
    /// Makes the port of a stream that has appeared.
    Output<Packet> add_stream();
    [[nodiscard]] Packet take(av::PacketPtr packet);
    /// Tells those who wait for streams that have nothing for a while how far the others are.
    void tell_gaps(const SourceLane& from);
    /// True if that was the end; throws if it should not have been.
    [[nodiscard]] bool ended(int result);

private:
    void say_jump(const SourceLane& lane);
    /// Where the stream is that is furthest, of those that are read; no_time if none has begun.
    [[nodiscard]] std::int64_t furthest() const noexcept;
    [[nodiscard]] SourceLane lane_for(const InputStream& stream) const;

    StageContext& context_;
    Ports& ports_;
    FormatReader& reader_;
    bool continuous_;
    bool fail_on_error_;
    SourceClock clock_;
    std::vector<SourceLane> lanes_;
    std::int64_t first_ = no_time;
    std::atomic<std::uint64_t>& corrupt_;
};

} // namespace weir::detail
