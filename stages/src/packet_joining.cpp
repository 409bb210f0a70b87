#include "packet_joining.hpp"

#include <weir/stages/av.hpp>

#include "stream_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace weir::detail {
namespace {

using OnChange = MuxOptions::OnChange;

constexpr std::size_t batch_packets = 16;
constexpr std::size_t batch_bytes = 1'000'000;

/// Containers whose streams say themselves, in band, what they are.
bool carries_formats_in_band(const AVOutputFormat& container) {
    constexpr std::array names{"mpegts",     "mpeg",       "vob",  "dvd", "svcd", "h264", "hevc", "m4v",
                               "mpeg1video", "mpeg2video", "adts", "mp3", "mp2",  "ac3",  "eac3", "rtp_mpegts"};
    return std::find(names.begin(), names.end(), std::string_view(container.name)) != names.end();
}

} // namespace

PacketJoining::PacketJoining(StageContext& context, std::shared_ptr<MuxOutput> output, const AVOutputFormat& container,
                             const MuxOptions& options, std::vector<Lane> lanes)
    : context_(context), output_(std::move(output)), container_(container), options_(options), lanes_(std::move(lanes)),
      made_up_(context.counter("timestamps made up")) {}

bool PacketJoining::batch_full() const noexcept { return batch_.size() >= batch_packets || bytes_ >= batch_bytes; }

void PacketJoining::clear_batch() noexcept {
    batch_.clear();
    bytes_ = 0;
}

void PacketJoining::see(Lane& lane, const Head<Packet>& head) {
    if (head.item) {
        const bool needs_times = !(container_.flags & AVFMT_NOTIMESTAMPS);
        try {
            lane.times = lane.clock.next(*head.item, needs_times);
        } catch (const std::runtime_error& error) {
            throw std::runtime_error(lane.in.name() + ": " + error.what());
        }
        if (lane.times.made_up)
            made_up_.fetch_add(1, std::memory_order_relaxed);
        lane.head = Lane::Head::packet;
        lane.time = lane.times.dts;
        lane.base = head.item->format->time_base;
        lane.arriving = head.item->format;
        lane.starts = presentation_start(*head.item, lane.times.pts);
        if (!lane.format)
            lane.format = head.item->format;
    } else if (head.gap) {
        lane.head = Lane::Head::gap;
        lane.time = head.gap->time;
        lane.base = head.gap->time_base;
        // A demuxer tells before the first packet what there will be; an encoder cannot.
        const auto& known = lane.in.port().link().from().packet_format;
        if (!lane.format && known && av::stream_of(*known))
            lane.format = known;
    } else {
        lane.head = Lane::Head::end;
    }
}

Lane* PacketJoining::next() noexcept {
    Lane* first = nullptr;
    for (Lane& lane : lanes_) {
        if (lane.head == Lane::Head::end || (cut_ && !comes_before_cut(lane)))
            continue;
        if (!first) {
            first = &lane;
            continue;
        }
        const auto order = compare(lane.time, lane.base, first->time, first->base);
        if (order < 0 || (order == 0 && first->head == Lane::Head::gap && lane.head == Lane::Head::packet))
            first = &lane;
    }
    return first ? first : cut_;
}

void PacketJoining::plan_part() {
    const Lane* const cut = std::exchange(cut_, nullptr);
    plan_.streams.clear();
    for (Lane& lane : lanes_) {
        lane.stream.reset();
        if (lane.head == Lane::Head::packet)
            lane.format = lane.arriving;
        if (lane.head == Lane::Head::end) {
            if (!lane.format)
                context_.warn("", fmt::format("{} ended without a packet: it is left out", lane.in.name()));
            continue;
        }
        lane.stream = plan_.streams.size();
        plan_.streams.push_back({lane.in.name(), lane.format});
    }
    if (cut) {
        set_start(cut->starts, cut->base);
    } else if (options_.start == MuxOptions::Start::zero) {
        choose_start();
    }
    avoid_negative_times();
}

bool PacketJoining::needs_new_part(Lane& lane, bool& in_band) {
    in_band = false;
    if (!changes(lane) || !lane.stream) {
        lane.format = lane.arriving;
        return false;
    }
    OnChange policy = options_.on_change;
    if (policy == OnChange::automatic)
        policy = carries_formats_in_band(container_) ? OnChange::in_band
                 : output_->can_divide()             ? OnChange::new_part
                                                     : OnChange::fail;
    const std::string change =
        fmt::format("{} changes from {} to {}", lane.in.name(), to_string(*lane.format), to_string(*lane.arriving));
    if (policy == OnChange::fail || (policy == OnChange::new_part && !output_->can_divide()))
        throw std::runtime_error(fmt::format("{}, and {} cannot go on with that", change, container_.name));
    context_.info(policy == OnChange::in_band ? change : change + ": a new part begins");
    in_band = policy == OnChange::in_band;
    if (in_band)
        lane.format = lane.arriving;
    return !in_band;
}

void PacketJoining::add(Lane& lane, Packet packet, bool new_format) {
    lane.head = Lane::Head::unknown;
    if (!lane.stream)
        return; // it had ended for the header, as far as anybody knew
    bytes_ += packet.data.size();
    batch_.push_back({*lane.stream, std::move(packet), lane.times.pts, lane.times.dts, new_format});
}

void PacketJoining::set_start(std::int64_t time, Rational base) noexcept {
    plan_.start = time;
    plan_.start_base = base;
}

/// The packet at the head is of another stream, as far as containers are concerned.
bool PacketJoining::changes(const Lane& lane) {
    return lane.arriving != lane.format && !same_stream(*lane.arriving, *lane.format);
}

bool PacketJoining::comes_before_cut(const Lane& lane) const {
    if (&lane == cut_ || compare(lane.time, lane.base, cut_->starts, cut_->base) >= 0)
        return false;
    return lane.head == Lane::Head::gap || !changes(lane);
}

/// Matroska counts from the earliest pts, which need not be that of the first packet: FFmpeg would find it only among packets
/// that it holds back itself.
void PacketJoining::avoid_negative_times() {
    const std::string_view container = container_.name;
    if (!container.starts_with("matroska") && container != "webm")
        return;
    for (const Lane& lane : lanes_)
        if (lane.head == Lane::Head::packet && compare(lane.times.pts, lane.base, plan_.start, plan_.start_base) < 0)
            set_start(lane.times.pts, lane.base);
}

/// The earliest moment that anything is seen or heard becomes 0, unless it is before it: then it is as it should be.
void PacketJoining::choose_start() {
    const Lane* first = nullptr;
    for (const Lane& lane : lanes_)
        if (lane.head == Lane::Head::packet && (!first || compare(lane.starts, lane.base, first->starts, first->base) < 0))
            first = &lane;
    if (!first || first->starts <= 0)
        return;
    set_start(first->starts, first->base);
}

} // namespace weir::detail
