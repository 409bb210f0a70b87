#include <weir/pools/allocator.hpp>

#include <new>

namespace weir {
namespace {

/// The aligned operator new: an application that replaced it, to count or to fail, sees the buffers as well. glibc maps
/// blocks of this size and gives them back to the system when they are freed; pools keep them, so that is rare, and a
/// size that is freed often (buffers beyond the maximum) is soon kept warm by its growing threshold.
class HostAllocator final : public BufferAllocator {
public:
    std::byte* allocate(std::size_t bytes, std::size_t alignment) override {
        return static_cast<std::byte*>(::operator new(bytes, std::align_val_t{alignment}));
    }
    void deallocate(std::byte* memory, std::size_t, std::size_t alignment) noexcept override {
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
