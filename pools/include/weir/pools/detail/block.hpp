#pragma once
// What stands behind every handle: one counted buffer and the note of who has it.
#include <weir/pools/detail/ref_count.hpp>
#include <weir/pools/holder.hpp>
#include <weir/pools/layout.hpp>
#include <weir/pools/quota.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace weir::detail {

struct Block;

/// Takes blocks back. What owns a block: a pool, or nothing but the block itself.
class BlockOwner {
public:
    /// Called by the last handle, on its thread. The block may be gone when it returns.
    virtual void give_back(Block& block) noexcept = 0;

protected:
    ~BlockOwner() = default;
};

/// A plane as it lies in memory, wherever the memory came from.
struct PlanePointer {
    std::byte* data = nullptr; ///< first row
    std::ptrdiff_t stride = 0;
};

/// Frees foreign memory that a handle adopted. Called once, by the last handle, on its thread, under no lock.
using ForeignRelease = void (*)(void* opaque) noexcept;

/// The memory of one buffer. Everything but `refs`, `holder` and `since` is written by its only owner (the pool while
/// idle, the acquirer before it shares it).
struct alignas(64) Block { // what a pass, a drop and an acquire touch is in the first line
    RefCount<> refs;
    bool overflow = false;                ///< made beyond the maximum: freed on return
    std::atomic<bool> out{false};         ///< for the ledger, which looks from other threads
    std::atomic<std::uint64_t> holder{0}; ///< HolderId
    std::atomic<std::int64_t> since{0};   ///< ledger_now() when a stage, or who acquired it, got it
    BlockOwner* owner = nullptr;
    std::shared_ptr<Quota> quota; ///< whose bound it counts against while there are handles to it, if any
    std::byte* memory = nullptr;  ///< null if adopted
    std::size_t bytes = 0;
    const FrameLayout* frame = nullptr; ///< one of these two is set; lives as long as the block's owner
    const SampleLayout* samples = nullptr;
    std::array<PlanePointer, 4> plane{}; ///< frames only
    ForeignRelease release_foreign = nullptr;
    void* foreign = nullptr;
    std::byte** foreign_channels = nullptr; ///< adopted planar sound: a pointer a channel, owned by `foreign`

    /// Two relaxed stores: a report may pair an old time with a new name, which is harmless.
    void pass_to(HolderId to, std::int64_t now) noexcept {
        holder.store(to.value, std::memory_order_relaxed);
        since.store(now, std::memory_order_relaxed);
    }
};

/// A counted reference to a block.
class BlockRef {
public:
    BlockRef() noexcept = default;
    /// Takes over one reference that is already counted.
    explicit BlockRef(Block* counted) noexcept : block_(counted) {}
    BlockRef(const BlockRef& other) noexcept : block_(other.block_) {
        if (block_)
            block_->refs.add();
    }
    BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    BlockRef& operator=(BlockRef other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    [[gnu::always_inline]] ~BlockRef() { reset(); }

    [[gnu::always_inline]] void reset() noexcept {
        if (Block* block = std::exchange(block_, nullptr))
            drop(*block);
    }

    /// Makes the only handle a codec's reference: the buffer no longer counts against its quota (nobody took from it),
    /// only `lend` and `drop_codec` may follow.
    [[nodiscard]] Block* to_codec() && noexcept {
        block_->refs.to_codec();
        return release();
    }
    /// A new handle to a buffer that a codec holds; counts against its quota if it is the only handle.
    [[nodiscard]] static BlockRef lend(Block& held_by_codec) noexcept {
        if (held_by_codec.refs.lend() && held_by_codec.quota)
            held_by_codec.quota->take_anyway();
        return BlockRef(&held_by_codec);
    }
    /// The codec lets go.
    static void drop_codec(Block& block) noexcept {
        if (block.refs.drop_codec()) {
            const auto quota = std::move(block.quota); // it does not count there: no handle is left
            block.owner->give_back(block);
        }
    }

    [[nodiscard]] Block* get() const noexcept { return block_; }
    [[nodiscard]] Block* release() noexcept { return std::exchange(block_, nullptr); }
    [[nodiscard]] bool unique() const noexcept { return block_->refs.unique(); }
    explicit operator bool() const noexcept { return block_ != nullptr; }

private:
    [[gnu::noinline]] static void drop(Block& block) noexcept {
        if (!block.refs.codec_may_hold()) {
            if (block.refs.drop())
                end(block);
            return;
        }
        const auto quota = block.quota; // the codec may give the block back as soon as our reference is dropped
        switch (block.refs.drop_lent()) {
        case RefCount<>::Left::nobody: return end(block);
        case RefCount<>::Left::codec:
            if (quota)
                quota->give_back();
            return;
        case RefCount<>::Left::handles: return;
        }
    }
    /// The last reference is gone. The buffer goes home first, so that whoever is told of room finds it.
    static void end(Block& block) noexcept {
        const auto quota = std::move(block.quota);
        block.owner->give_back(block);
        if (quota)
            quota->give_back();
    }

    Block* block_ = nullptr;
};

} // namespace weir::detail
