#pragma once
// What the tests of stages put at the ends of their pipelines.
#include "../../framework/support/engines.hpp"
#include "pictures.hpp"

#include <string>
#include <vector>

namespace support {

/// Keeps every frame.
inline auto keep(std::vector<weir::PooledFrame>& frames) {
    return weir::sink([&frames](weir::PooledFrame frame) { frames.push_back(std::move(frame)); });
}
inline auto keep(std::vector<weir::PooledSamples>& pieces) {
    return weir::sink([&pieces](weir::PooledSamples piece) { pieces.push_back(std::move(piece)); });
}

/// Notes the bytes and the header of every frame, and lets it go.
struct Note {
    weir::VideoFormat format;
    weir::FrameHeader header;
    std::string bytes;
};
inline auto note(std::vector<Note>& notes) {
    return weir::sink([&notes](weir::PooledFrame frame) { notes.push_back({frame.format(), frame.header(), packed(frame)}); });
}

/// Gives the items of a list.
template <class T> auto give(std::vector<T> items) {
    return weir::source([items = std::move(items), next = std::size_t{0}]() mutable -> std::optional<T> {
        return next < items.size() ? std::optional<T>(items[next++]) : std::nullopt;
    });
}

/// What overflowed while the pipelines of this engine ran.
inline std::uint64_t overflows(TestEngine& test, const weir::Pipeline& pipeline) {
    std::uint64_t count = 0;
    for (const weir::PoolReport& pool : test.engine.registry().stats())
        count += pool.stats.overflows;
    const weir::Snapshot snapshot = pipeline.snapshot();
    for (const auto& port : snapshot.ports)
        count += port.overflows;
    for (const auto& link : snapshot.links)
        count += link.overflows;
    return count;
}

/// Samples of each channel.
inline std::int64_t total(const std::vector<weir::PooledSamples>& pieces) {
    std::int64_t count = 0;
    for (const weir::PooledSamples& samples : pieces)
        count += samples.header().count;
    return count;
}

/// Each begins where the one before ends.
inline bool seamless(const std::vector<weir::PooledSamples>& pieces) {
    for (std::size_t i = 1; i < pieces.size(); ++i)
        if (pieces[i].header().pts != pieces[i - 1].header().pts + pieces[i - 1].header().count)
            return false;
    return true;
}

/// One channel of fltp.
inline std::vector<float> channel(const std::vector<weir::PooledSamples>& pieces, std::uint32_t index) {
    std::vector<float> values;
    for (const weir::PooledSamples& samples : pieces) {
        const auto* from = reinterpret_cast<const float*>(samples.plane(index));
        values.insert(values.end(), from, from + samples.header().count);
    }
    return values;
}

} // namespace support
