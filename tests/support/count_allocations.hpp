#pragma once
// Counts what a program asks the C library's allocator and the kernel for. Linked into tests of their own: it replaces
// malloc and its family for the whole process.
#include <cstdint>

namespace support {

/// Counting starts at 0.
void start_counting_allocations() noexcept;
/// Stops, and says how many calls of malloc, calloc, realloc, posix_memalign, aligned_alloc and mmap there were, on all
/// threads.
[[nodiscard]] std::uint64_t stop_counting_allocations() noexcept;

} // namespace support
