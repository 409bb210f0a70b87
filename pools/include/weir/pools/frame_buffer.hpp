#pragma once
// Bare buffers, and the plain pools of them for one thread.
#include <weir/pools/allocator.hpp>
#include <weir/pools/pool_config.hpp>
#include <weir/pools/pool_stats.hpp>
#include <weir/pools/pooled_frame.hpp>
#include <weir/pools/pooled_samples.hpp>

#include <memory>
#include <optional>

namespace weir {

enum class Zero : bool { no, yes };

namespace detail {
class PoolCore;
struct FreeBlock {
    void operator()(Block* block) const noexcept;
};
using UniqueBlock = std::unique_ptr<Block, FreeBlock>;
} // namespace detail

/// One picture's memory, owned. Movable. Reentrant.
class FrameBuffer {
public:
    FrameBuffer() = default;
    /// Allocates. Throws FormatError, std::bad_alloc.
    explicit FrameBuffer(const VideoFormat& format, BufferRequirements requirements = {},
                         BufferAllocator& allocator = host_allocator());

    explicit operator bool() const noexcept { return block_ != nullptr; }
    [[nodiscard]] const VideoFormat& format() const noexcept { return block_->frame->format; }
    [[nodiscard]] const FrameLayout& layout() const noexcept { return *block_->frame; }
    [[nodiscard]] Plane plane(std::uint32_t index) noexcept;
    [[nodiscard]] ConstPlane plane(std::uint32_t index) const noexcept;
    [[nodiscard]] bool matches(const VideoFormat& wanted) const noexcept { return block_ && format() == wanted; }
    /// Ready for reuse; zeroes the memory if asked.
    void reset(Zero zero) noexcept;

private:
    friend class FramePool;
    explicit FrameBuffer(detail::UniqueBlock block) noexcept : block_(std::move(block)) {}
    detail::UniqueBlock block_;
};

/// One stretch of sound's memory, owned. Movable. Reentrant.
class SampleBuffer {
public:
    SampleBuffer() = default;
    SampleBuffer(const AudioFormat& format, std::uint32_t capacity, BufferAllocator& allocator = host_allocator());

    explicit operator bool() const noexcept { return block_ != nullptr; }
    [[nodiscard]] const SampleLayout& layout() const noexcept { return *block_->samples; }
    [[nodiscard]] std::byte* plane(std::uint32_t index) noexcept;
    [[nodiscard]] const std::byte* plane(std::uint32_t index) const noexcept;
    /// Same sample format and channels, and room for `samples`.
    [[nodiscard]] bool matches(const AudioFormat& wanted, std::uint32_t samples) const noexcept;
    void reset(Zero zero) noexcept;

private:
    friend class SamplePool;
    explicit SampleBuffer(detail::UniqueBlock block) noexcept : block_(std::move(block)) {}
    detail::UniqueBlock block_;
};

/// The plain structure: for one thread at a time, no handles. At the maximum `acquire` spills, fails or returns an
/// empty buffer by policy (`wait` cannot be served by one thread: it throws PoolExhausted at once).
class FramePool {
public:
    explicit FramePool(const VideoFormat& format, const PoolConfig& config = {}, BufferRequirements requirements = {});
    ~FramePool();
    FramePool(FramePool&&) noexcept;
    FramePool& operator=(FramePool&&) noexcept;

    [[nodiscard]] FrameBuffer acquire();
    [[nodiscard]] FrameBuffer try_acquire();
    /// Takes a buffer back that this pool gave; throws FormatError for one of another layout.
    void release(FrameBuffer buffer);
    [[nodiscard]] PoolStats stats() const;

private:
    std::shared_ptr<detail::PoolCore> core_;
};

/// As FramePool, for sound.
class SamplePool {
public:
    SamplePool(const AudioFormat& format, std::uint32_t capacity, const PoolConfig& config = {});
    ~SamplePool();
    SamplePool(SamplePool&&) noexcept;
    SamplePool& operator=(SamplePool&&) noexcept;

    [[nodiscard]] SampleBuffer acquire();
    [[nodiscard]] SampleBuffer try_acquire();
    void release(SampleBuffer buffer);
    [[nodiscard]] PoolStats stats() const;

private:
    std::shared_ptr<detail::PoolCore> core_;
};

} // namespace weir
