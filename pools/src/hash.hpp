#pragma once
// One hash of several numbers.
#include <cstddef>
#include <cstdint>

namespace weir::detail {

/// Mixes by splitmix64's finaliser: formats differ in few bits, and std::hash of a number is the number.
template <class... Numbers> [[nodiscard]] constexpr std::size_t hash_of(Numbers... numbers) noexcept {
    std::uint64_t hash = 0;
    const auto mix = [&hash](std::uint64_t value) {
        hash += value + 0x9e3779b97f4a7c15u;
        hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
        hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
        hash ^= hash >> 31;
    };
    (mix(static_cast<std::uint64_t>(numbers)), ...);
    return static_cast<std::size_t>(hash);
}

} // namespace weir::detail
