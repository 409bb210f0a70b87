#pragma once
// When a muxer's packets are to be decoded and shown.
#include <weir/pools/packet.hpp>

#include <cstdint>

namespace weir::detail {

/// Follows one stream: puts its packets on the pipeline's time line and fills in times that are missing.
class PacketTimes {
public:
    struct Times {
        std::int64_t pts = no_time;
        std::int64_t dts = no_time;
        bool made_up = false;
    };
    /// `needs_times`: the container stores them. Throws std::runtime_error if they cannot be known: pictures that are shown in
    /// another order than they are decoded in.
    [[nodiscard]] Times next(const Packet& packet, bool needs_times);

private:
    std::int64_t last_dts_ = no_time;
    std::int64_t step_ = 0; ///< from the last packet to the one after it
    Rational base_{0, 1};
};

/// When a stream's first packet is first heard or seen, in `packet.format->time_base`: what decoders throw away of it (priming)
/// comes before. `pts` is the packet's on the time line.
[[nodiscard]] std::int64_t presentation_start(const Packet& packet, std::int64_t pts);

} // namespace weir::detail
