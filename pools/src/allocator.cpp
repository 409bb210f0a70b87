#include <weir/pools/allocator.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <new>

namespace weir {
namespace {

constexpr std::size_t large = std::size_t{64} * 1024;

/// Gives the whole pages of a block back to the system. The block may still be freed, its contents are gone.
void return_pages(std::byte* memory, std::size_t bytes) noexcept {
    static const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    const std::uintptr_t begin = (address + page - 1) / page * page;
    const std::uintptr_t end = (address + bytes) / page * page;
    const int error = errno; // freeing leaves it alone
    if (begin < end)
        madvise(memory + (begin - address), end - begin, MADV_DONTNEED); // if it fails they are resident a while longer
    errno = error;
}

/// The aligned operator new: an application that replaced it, to count or to fail, sees the buffers as well. What is large
/// is returned to the system when it is freed. A heap would keep it, and of buffers whose sizes change it can use few again:
/// it was seen to hold more than twice what the pools' budget allows.
class HostAllocator final : public BufferAllocator {
public:
    std::byte* allocate(std::size_t bytes, std::size_t alignment) override {
        return static_cast<std::byte*>(::operator new(bytes, std::align_val_t{alignment}));
    }
    void deallocate(std::byte* memory, std::size_t bytes, std::size_t alignment) noexcept override {
        if (bytes >= large)
            return_pages(memory, bytes);
        ::operator delete(memory, std::align_val_t{alignment});
    }
};

} // namespace

BufferAllocator& host_allocator() noexcept {
    // Never destroyed: frames may be returned while the process ends.
    alignas(HostAllocator) static std::byte storage[sizeof(HostAllocator)];
    static HostAllocator* const allocator = new (storage) HostAllocator;
    return *allocator;
}

} // namespace weir
