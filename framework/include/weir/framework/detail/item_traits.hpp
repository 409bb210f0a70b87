#pragma once
// What links need to know of the items they carry.
#include <weir/pools/packet.hpp>
#include <weir/pools/pooled_frame.hpp>
#include <weir/pools/pooled_samples.hpp>

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
