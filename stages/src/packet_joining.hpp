#pragma once
// Brings the packets of a muxer's inputs into one order, and finds where a file part ends.
#include <weir/framework/port.hpp>
#include <weir/framework/stage_context.hpp>

#include "mux_output.hpp"
#include "packet_times.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace weir::detail {

/// One input and what stands first in it.
struct Lane {
    enum class Head { unknown, packet, gap, end };

    explicit Lane(Input<Packet> input) : in(input) {}

    Input<Packet> in;
    Head head = Head::unknown;
    std::int64_t time = no_time; ///< of the packet's dts or the gap, on the time line
    Rational base{0, 1};
    PacketTimes::Times times;
    PacketTimes clock;
    std::shared_ptr<const PacketFormat> format;   ///< of the file part
    std::shared_ptr<const PacketFormat> arriving; ///< of the packet at the head
    std::int64_t starts = no_time;                ///< when the packet at the head is first seen or heard, in `base`
    std::optional<std::size_t> stream;            ///< its number in the file part
};

/// Which packets go where and when. In the stage's body, but for what it gives to `MuxOutput`.
class PacketJoining {
public:
    PacketJoining(StageContext& context, std::shared_ptr<MuxOutput> output, const AVOutputFormat& container,
                  const MuxOptions& options, std::vector<Lane> lanes);

    [[nodiscard]] std::vector<Lane>& lanes() noexcept { return lanes_; }
    [[nodiscard]] MuxOutput& output() noexcept { return *output_; }
    [[nodiscard]] const std::vector<TimedPacket>& batch() const noexcept { return batch_; }
    [[nodiscard]] const PartPlan& plan() const noexcept { return plan_; }
    [[nodiscard]] bool batch_full() const noexcept;
    void clear_batch() noexcept;

    /// Notes what stands first in an input.
    void see(Lane& lane, const Head<Packet>& head);
    /// A stream whose format is not known yet must have a packet, or end, before the header can be written.
    [[nodiscard]] bool waits_for_format(const Lane& lane) const noexcept { return !output_->begun() && !lane.format; }
    /// Whose turn it is; null at the end of all. Before a new part begins, those that still have something from before it.
    [[nodiscard]] Lane* next() noexcept;
    /// The lane whose packet begins a new part.
    [[nodiscard]] bool is_cut(const Lane& lane) const noexcept { return cut_ == &lane; }
    void set_cut(Lane& lane) noexcept { cut_ = &lane; }
    /// The first header, or that of the part that begins with the packets that wait now.
    void plan_part();
    /// True if the packet at the head cannot go into the part at hand. Throws if it cannot go anywhere.
    [[nodiscard]] bool needs_new_part(Lane& lane, bool& in_band);
    /// Puts the packet that stood first into the batch.
    void add(Lane& lane, Packet packet, bool new_format);

private:
    void set_start(std::int64_t time, Rational base) noexcept;
    [[nodiscard]] static bool changes(const Lane& lane);
    [[nodiscard]] bool comes_before_cut(const Lane& lane) const;
    void avoid_negative_times();
    void choose_start();

    StageContext& context_;
    std::shared_ptr<MuxOutput> output_;
    const AVOutputFormat& container_;
    const MuxOptions& options_;
    std::vector<Lane> lanes_;
    PartPlan plan_;
    std::vector<TimedPacket> batch_;
    std::size_t bytes_ = 0;
    Lane* cut_ = nullptr; ///< whose packet begins the next part
    std::atomic<std::uint64_t>& made_up_;
};

} // namespace weir::detail
