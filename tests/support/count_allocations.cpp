#include "count_allocations.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace {

std::atomic<bool> counting{false};
std::atomic<std::uint64_t> calls{0};

void count() noexcept {
    if (counting.load(std::memory_order_relaxed))
        calls.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

// glibc's own functions under their other names.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) {
    count();
    return __libc_malloc(bytes);
}
void* calloc(std::size_t n, std::size_t bytes) {
    count();
    return __libc_calloc(n, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
    count();
    return __libc_realloc(memory, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
    count();
    return __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    count();
    return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
    count();
    *memory = __libc_memalign(alignment, bytes);
    return *memory ? 0 : ENOMEM;
}
void* mmap(void* address, std::size_t bytes, int protection, int flags, int file, off_t offset) noexcept {
    count();
    const long result = syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
    return reinterpret_cast<void*>(result); // NOLINT: the kernel's own convention
}
}

namespace support {

void start_counting_allocations() noexcept {
    calls.store(0);
    counting.store(true);
}

std::uint64_t stop_counting_allocations() noexcept {
    counting.store(false);
    return calls.load();
}

} // namespace support
