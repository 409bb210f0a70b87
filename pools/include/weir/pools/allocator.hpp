#pragma once
// Where buffers' bytes come from.
#include <cstddef>

namespace weir {

/// Gives the memory of buffers. Thread-safe; called outside every lock of the pools.
class BufferAllocator {
public:
    BufferAllocator() = default;
    BufferAllocator(const BufferAllocator&) = delete;
    BufferAllocator& operator=(const BufferAllocator&) = delete;
    virtual ~BufferAllocator() = default;

    /// `bytes` at a multiple of `alignment` (a power of two); throws std::bad_alloc.
    [[nodiscard]] virtual std::byte* allocate(std::size_t bytes, std::size_t alignment) = 0;
    virtual void deallocate(std::byte* memory, std::size_t bytes, std::size_t alignment) noexcept = 0;
};

/// The default: the machine's own memory. Lives as long as the process.
[[nodiscard]] BufferAllocator& host_allocator() noexcept;

} // namespace weir
