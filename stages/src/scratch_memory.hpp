#pragma once
// Frames that a stage needs for itself: what an encoder converts, what it puts together.
#include <weir/framework/stage_context.hpp>
#include <weir/pools/pool_registry.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace weir::detail {

/// Takes frames from the registry's pools without waiting: as many as are out at once are asked of the pool in addition to what
/// ports have asked for, so that nobody's share is used up. For one thread at a time; the frames may go anywhere.
class ScratchMemory {
public:
    explicit ScratchMemory(StageContext& context);
    ScratchMemory(ScratchMemory&&) noexcept = default;
    ScratchMemory& operator=(ScratchMemory&&) = delete;
    ~ScratchMemory();

    /// The only handle to a frame; its header has the whole as its crop. Throws FormatError, BudgetExhausted, std::bad_alloc.
    [[nodiscard]] PooledFrame frame(const VideoFormat& format);
    /// The same for sound; its header has format and count.
    [[nodiscard]] PooledSamples samples(const AudioFormat& format, std::uint32_t count);

private:
    /// A pool and how much was asked of it.
    template <class Pool> struct Share {
        Pool pool{};
        std::ptrdiff_t asked = 0;
        void use(Pool next) noexcept;
        void ask(std::size_t in_use) noexcept;
    };
    [[nodiscard]] Acquirer acquirer() const;

    StageContext* context_;
    std::shared_ptr<Quota> out_; ///< counts what is out; bounds nothing
    Share<BasicFramePool> frames_;
    Share<BasicSamplePool> samples_;
};

} // namespace weir::detail
