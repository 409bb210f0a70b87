#pragma once
// How much an output could take at once.
#include <weir/framework/port.hpp>

#include <algorithm>
#include <cstddef>

namespace weir::detail {

/// Items that every open link has room for now, and the quota too; at least 1. An estimate: readers only make it more.
template <Item T> [[nodiscard]] std::size_t room_now(const Output<T>& out, std::size_t most) {
    std::size_t room = most;
    for (const LinkBase* link : out.port().links())
        if (!link->closed())
            room = std::min(room, link->capacity() - std::min(link->capacity(), link->size()));
    const Quota& quota = *out.port().quota();
    room = std::min(room, quota.limit() - std::min(quota.limit(), quota.in_use()));
    return std::max<std::size_t>(room, 1);
}

} // namespace weir::detail
