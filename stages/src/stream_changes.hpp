#pragma once
// Formats that change in mid-stream.
#include <weir/stages/av.hpp>

namespace weir::detail {

/// If the packet says that the stream is another from here on (new extradata, rate, channels, size), `format` becomes a new
/// one. The packet keeps what it says: decoders read it there.
void follow_changes(const AVPacket& packet, std::shared_ptr<const PacketFormat>& format);
/// The same format with another shift.
[[nodiscard]] std::shared_ptr<const PacketFormat> with_shift(const PacketFormat& format, const TimeShift& shift);
/// True if a file that was begun with the one can go on with the other as it is: shift, time base and metadata may differ.
[[nodiscard]] bool same_stream(const PacketFormat& a, const PacketFormat& b);

} // namespace weir::detail
