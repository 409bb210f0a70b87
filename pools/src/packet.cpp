#include <weir/pools/packet.hpp>

#include <fmt/format.h>

namespace weir {

std::string_view to_string(MediaType type) noexcept {
    switch (type) {
    case MediaType::video: return "video";
    case MediaType::audio: return "audio";
    case MediaType::subtitle: return "subtitle";
    case MediaType::data: return "data";
    case MediaType::unknown: break;
    }
    return "unknown";
}

std::string to_string(const PacketFormat& format) {
    std::string text = format.codec.empty() ? std::string(to_string(format.media)) : format.codec;
    if (format.video != VideoFormat{})
        text += ' ' + to_string(format.video);
    if (format.audio != AudioFormat{})
        text += ' ' + to_string(format.audio);
    return text + ", " + to_string(format.time_base);
}

} // namespace weir
