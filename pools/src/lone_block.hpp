#pragma once
// A block that belongs to no pool.
#include <weir/pools/frame_buffer.hpp>

#include "block_store.hpp"

namespace weir::detail {

/// A block with memory, owned by itself: it frees itself when it is given back. Throws std::bad_alloc.
[[nodiscard]] UniqueBlock make_lone_block(const AnyLayout& layout, BufferAllocator& allocator);

} // namespace weir::detail
