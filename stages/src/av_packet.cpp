// Packets: ours and FFmpeg's.
#include <weir/stages/av.hpp>

#include <cstring>
#include <utility>

namespace weir::av {
namespace {

/// Marks the payloads that are AVPackets.
struct DeletePacket {
    void operator()(const AVPacket* packet) const noexcept {
        AVPacket* mutable_packet = const_cast<AVPacket*>(packet); // ours alone by now
        av_packet_free(&mutable_packet);
    }
};

} // namespace

Packet from_av(PacketPtr packet, std::shared_ptr<const PacketFormat> format) {
    Packet result;
    result.format = std::move(format);
    result.pts = packet->pts;
    result.dts = packet->dts;
    result.duration = packet->duration;
    result.key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
    if (packet->size > 0)
        result.data = {reinterpret_cast<const std::byte*>(packet->data), static_cast<std::size_t>(packet->size)};
    result.payload = std::shared_ptr<const AVPacket>(packet.release(), DeletePacket());
    return result;
}

const AVPacket* packet_of(const Packet& packet) noexcept {
    if (!std::get_deleter<DeletePacket>(packet.payload))
        return nullptr;
    const auto* original = static_cast<const AVPacket*>(packet.payload.get());
    const bool whole = packet.data.size() == static_cast<std::size_t>(original->size) &&
                       (packet.data.empty() || reinterpret_cast<const std::uint8_t*>(packet.data.data()) == original->data);
    return whole ? original : nullptr;
}

void to_av(const Packet& packet, AVPacket& into) {
    av_packet_unref(&into);
    if (const AVPacket* original = packet_of(packet)) {
        check(av_packet_ref(&into, original), "a packet");
    } else {
        check(av_new_packet(&into, static_cast<int>(packet.data.size())), "a packet");
        if (!packet.data.empty())
            std::memcpy(into.data, packet.data.data(), packet.data.size());
    }
    into.pts = packet.pts;
    into.dts = packet.dts;
    into.duration = packet.duration;
    into.flags = packet.key ? into.flags | AV_PKT_FLAG_KEY : into.flags & ~AV_PKT_FLAG_KEY;
}

} // namespace weir::av
