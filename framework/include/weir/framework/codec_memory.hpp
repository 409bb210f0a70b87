#pragma once
// Frames for codecs: taken at once, on the codec's own threads, and held by the codec as long as it likes.
#include <weir/framework/detail/pool_demand.hpp>
#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/holder.hpp>
#include <weir/pools/shared_pool.hpp>

#include <memory>

namespace weir {

class PoolRegistry;
namespace detail {
class OutputBase;
}

/// The memory of one decoder: buffers come from the registry's pool of the format, are the codec's (a holder of their own
/// in the ledger, outside the port's quota, the pool's maximum raised as they are met) and count against the port's quota
/// only while there are handles to them. Thread-safe.
class CodecMemory : public std::enable_shared_from_this<CodecMemory> {
public:
    CodecMemory(PoolRegistry& registry, std::shared_ptr<Quota> quota, const std::string& stage);

    /// A buffer for the codec; never waits. Throws FormatError, BudgetExhausted, std::bad_alloc.
    [[nodiscard]] detail::Block* acquire(const VideoFormat& format, BufferRequirements requirements);
    [[nodiscard]] detail::Block* acquire(const AudioFormat& format, std::uint32_t count);
    /// The codec lets go of a buffer.
    static void drop(detail::Block& block) noexcept { detail::BlockRef::drop_codec(block); }
    /// A handle to a buffer the codec holds; counts against the quota.
    [[nodiscard]] static PooledFrame lend(detail::Block& block, FrameHeader header) noexcept {
        return {detail::BlockRef::lend(block), std::move(header)};
    }
    [[nodiscard]] static PooledSamples lend(detail::Block& block, SampleHeader header) noexcept {
        return {detail::BlockRef::lend(block), std::move(header)};
    }
    /// Memory the codec brought itself; counts against the quota.
    [[nodiscard]] PooledFrame adopt(const VideoFormat& format, const ForeignFrame& foreign);
    [[nodiscard]] PooledSamples adopt(const AudioFormat& format, std::uint32_t count, const ForeignSamples& foreign);

private:
    [[nodiscard]] Acquirer codec_acquirer() const noexcept;

    PoolRegistry& registry_;
    std::shared_ptr<Quota> quota_;
    Holder holder_;
    detail::Mutex mutex_;
    detail::CurrentPool<BasicFramePool> frames_ WEIR_GUARDED_BY(mutex_);
    VideoFormat frames_format_ WEIR_GUARDED_BY(mutex_);
    BufferRequirements frames_requirements_ WEIR_GUARDED_BY(mutex_);
    detail::CurrentPool<BasicSamplePool> samples_ WEIR_GUARDED_BY(mutex_);
};

} // namespace weir
