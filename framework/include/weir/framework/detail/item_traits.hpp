#pragma once
// What links need to know of the items they carry.
#include <weir/pools/packet.hpp>
#include <weir/pools/pooled_frame.hpp>
#include <weir/pools/pooled_samples.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <typeinfo>

namespace weir {

/// For a type of your own that holds pooled frames: overload `pass_to(const T&, HolderId, std::int64_t)` beside it, and
/// the ledger follows it.
template <class T> void pass_to(const T&, HolderId, std::int64_t) noexcept {}
inline void pass_to(const PooledFrame& frame, HolderId holder, std::int64_t now) noexcept { frame.pass_to(holder, now); }
inline void pass_to(const PooledSamples& samples, HolderId holder, std::int64_t now) noexcept { samples.pass_to(holder, now); }

/// What an item counts in a link that is bounded by bytes. Overload it beside a type of your own that has a size.
template <class T> [[nodiscard]] std::size_t item_bytes(const T&) noexcept { return 0; }
[[nodiscard]] inline std::size_t item_bytes(const PooledFrame& frame) noexcept { return frame ? frame.layout().bytes : 0; }
[[nodiscard]] inline std::size_t item_bytes(const PooledSamples& samples) noexcept {
    return samples ? samples.layout().bytes : 0;
}
[[nodiscard]] inline std::size_t item_bytes(const Packet& packet) noexcept { return packet.data.size(); }

/// Reports an item's time to `note(pts, time_base)`. Overload it beside a type of your own that has one.
template <class T, class F> void item_time(const T&, F) noexcept {}
template <class F> void item_time(const PooledFrame& frame, F note) noexcept {
    note(frame.header().pts, frame.header().time_base);
}
template <class F> void item_time(const PooledSamples& samples, F note) noexcept {
    note(samples.header().pts, samples.header().time_base);
}
template <class F> void item_time(const Packet& packet, F note) noexcept {
    if (packet.format)
        note(packet.pts, packet.format->time_base);
}

/// Where an item keeps when it entered the pipeline: nanoseconds of the engine's clock, 0 before. Overload it beside a type of
/// your own that keeps it, and the latency of its paths is measured.
[[nodiscard]] inline std::int64_t& entry_time(PooledFrame& frame) noexcept { return frame.header().entered; }
[[nodiscard]] inline std::int64_t& entry_time(PooledSamples& samples) noexcept { return samples.header().entered; }
[[nodiscard]] inline std::int64_t& entry_time(Packet& packet) noexcept { return packet.entered; }
template <class T>
concept KeepsEntry = requires(T& item) {
    { entry_time(item) } -> std::same_as<std::int64_t&>;
};

/// Whether an item is of use to somebody who lacks those before it: where a link that drops may go on. Overload it beside a
/// type of your own whose items depend on each other.
template <class T> [[nodiscard]] bool starts_anew(const T&) noexcept { return true; }
[[nodiscard]] inline bool starts_anew(const Packet& packet) noexcept { return packet.key; }

/// A link's capacity where none is given, in items.
template <class T> inline constexpr std::size_t default_capacity = 8;
template <> inline constexpr std::size_t default_capacity<PooledFrame> = 2;
template <> inline constexpr std::size_t default_capacity<Packet> = 16;

/// A type as it appears in messages.
template <class T> [[nodiscard]] std::string type_name() { return typeid(T).name(); }
template <> [[nodiscard]] inline std::string type_name<PooledFrame>() { return "video frames"; }
template <> [[nodiscard]] inline std::string type_name<PooledSamples>() { return "audio samples"; }
template <> [[nodiscard]] inline std::string type_name<Packet>() { return "packets"; }

/// What ports can carry.
template <class T>
concept Item = std::is_object_v<T> && std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
               std::is_nothrow_destructible_v<T>;

} // namespace weir
