#pragma once
// Where a decoder's frames may come from. Each way lays the planes out alike, so that only taking and giving back differ.
#include <weir/pools/pool_registry.hpp>
#include <weir/pools/shared_pool.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace bench {

/// One frame's memory; giving it back is destroying it.
class FrameMemory {
public:
    FrameMemory() = default;
    FrameMemory(const FrameMemory&) = delete;
    FrameMemory& operator=(const FrameMemory&) = delete;
    virtual ~FrameMemory() = default;
    [[nodiscard]] virtual std::byte* bytes() noexcept = 0;
};

/// A way to get it. Called by one thread.
class FrameMemorySource {
public:
    FrameMemorySource() = default;
    FrameMemorySource(const FrameMemorySource&) = delete;
    FrameMemorySource& operator=(const FrameMemorySource&) = delete;
    virtual ~FrameMemorySource() = default;
    [[nodiscard]] virtual std::unique_ptr<FrameMemory> take(const weir::FrameLayout& layout) = 0;
    /// How often memory was allocated so far.
    [[nodiscard]] virtual std::uint64_t allocations() const = 0;
};

/// The C library's allocator (or the one that is loaded in its place), for every frame.
class AllocatedPerFrame final : public FrameMemorySource {
public:
    enum class How { uninitialized, zeroed, calloc };
    explicit AllocatedPerFrame(How how) : how_(how) {}

    std::unique_ptr<FrameMemory> take(const weir::FrameLayout& layout) override {
        ++allocations_;
        return std::make_unique<Memory>(how_, layout);
    }
    std::uint64_t allocations() const override { return allocations_; }

private:
    struct Memory final : FrameMemory {
        Memory(How how, const weir::FrameLayout& layout) {
            const std::size_t alignment = layout.requirements.alignment;
            if (how == How::calloc) { // aligns to 16: room to align it ourselves
                memory = std::calloc(layout.bytes + alignment, 1);
                const auto address = reinterpret_cast<std::uintptr_t>(memory);
                offset = (alignment - address % alignment) % alignment;
            } else {
                memory = std::aligned_alloc(alignment, (layout.bytes + alignment - 1) / alignment * alignment);
            }
            if (!memory)
                throw std::bad_alloc();
            if (how == How::zeroed)
                std::memset(memory, 0, layout.bytes);
        }
        ~Memory() override { std::free(memory); }
        std::byte* bytes() noexcept override { return static_cast<std::byte*>(memory) + offset; }

        void* memory = nullptr;
        std::size_t offset = 0;
    };
    How how_;
    std::uint64_t allocations_ = 0;
};

/// A pool of Weir's. With `frames` it has so many from the beginning and spills beyond them; without, it grows as it is asked.
class Pooled final : public FrameMemorySource {
public:
    Pooled(weir::Locking locking, std::size_t frames) : locking_(locking), frames_(frames) {}

    std::unique_ptr<FrameMemory> take(const weir::FrameLayout& layout) override {
        if (!pool_ || !(pool_->layout() == layout))
            make_pool(layout);
        return std::make_unique<Memory>(pool_->acquire());
    }
    std::uint64_t allocations() const override { return pool_ ? pool_->stats().allocations : 0; }

private:
    static constexpr std::size_t most = 64;

    struct Memory final : FrameMemory {
        explicit Memory(weir::PooledFrame taken) : frame(std::move(taken)) {}
        std::byte* bytes() noexcept override { return frame.writable_plane(0).data; }
        weir::PooledFrame frame;
    };

    void make_pool(const weir::FrameLayout& layout) {
        weir::PoolConfig config;
        config.initial_capacity = frames_;
        config.max_capacity = frames_ ? frames_ : most;
        if (locking_ == weir::Locking::mutex)
            pool_ = weir::SharedFramePool(layout.format, config, layout.requirements);
        else
            pool_ = weir::LockFreeFramePool(layout.format, config, layout.requirements);
    }

    weir::Locking locking_;
    std::size_t frames_;
    std::optional<weir::BasicFramePool> pool_;
};

/// By name; null for libavcodec's own pool.
inline std::unique_ptr<FrameMemorySource> frame_memory_source(const std::string& name, std::size_t frames) {
    if (name == "allocated")
        return std::make_unique<AllocatedPerFrame>(AllocatedPerFrame::How::uninitialized);
    if (name == "allocated_zeroed")
        return std::make_unique<AllocatedPerFrame>(AllocatedPerFrame::How::zeroed);
    if (name == "allocated_calloc")
        return std::make_unique<AllocatedPerFrame>(AllocatedPerFrame::How::calloc);
    if (name == "weir_mutex")
        return std::make_unique<Pooled>(weir::Locking::mutex, frames);
    if (name == "weir_lockfree")
        return std::make_unique<Pooled>(weir::Locking::lock_free, frames);
    if (name == "avcodec")
        return nullptr;
    throw std::invalid_argument("no such memory: " + name);
}

} // namespace bench
