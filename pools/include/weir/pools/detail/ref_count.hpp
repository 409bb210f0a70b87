#pragma once
// How many refer to one buffer.
#include <atomic>
#include <cstdint>

namespace weir::detail {

/// Handles in the low 24 bits; above them the references that a codec holds. Codec references are only ever dropped, never
/// added, once the buffer is out. Whoever drops the last reference has the buffer alone, with all that others did before.
template <template <class> class Atomic = std::atomic> class RefCount {
public:
    /// One handle, nothing else: for who has the buffer alone.
    void start() noexcept { refs_.store(1, std::memory_order_relaxed); }
    /// Another handle, made from one that is there.
    void add() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }

    /// How many handles there are, for reports.
    [[nodiscard]] std::uint32_t handles() const noexcept { return refs_.load(std::memory_order_relaxed) & handle_mask; }
    /// Whether this handle is all that refers to the buffer. If so nobody else can change that.
    [[nodiscard]] bool unique() const noexcept { return refs_.load(std::memory_order_acquire) == 1; } // pairs with drops

    /// Whether a codec may refer to it, too. Once false it stays false.
    [[nodiscard]] bool codec_may_hold() const noexcept { return refs_.load(std::memory_order_relaxed) > handle_mask; }

    /// Drops a handle of a buffer that no codec holds. True if it was the last: that one needs no read-modify-write.
    [[nodiscard]] bool drop() noexcept { return unique() || refs_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

    enum class Left : std::uint8_t {
        handles, ///< others have it, too
        codec,   ///< only its codec has it
        nobody,
    };
    /// Drops a handle of a buffer that a codec may hold: as soon as this is done the codec may end the buffer.
    [[nodiscard]] Left drop_lent() noexcept {
        const std::uint32_t before = refs_.fetch_sub(1, std::memory_order_acq_rel);
        if (before == 1)
            return Left::nobody;
        return (before & handle_mask) == 1 ? Left::codec : Left::handles;
    }

    /// The only handle becomes the codec's reference.
    void to_codec() noexcept { refs_.store(codec_unit, std::memory_order_release); }
    /// A new handle to what a codec holds. True if there was none.
    [[nodiscard]] bool lend() noexcept { return (refs_.fetch_add(1, std::memory_order_acq_rel) & handle_mask) == 0; }
    /// The codec lets go. True if nobody is left.
    [[nodiscard]] bool drop_codec() noexcept { return refs_.fetch_sub(codec_unit, std::memory_order_acq_rel) == codec_unit; }

private:
    static constexpr std::uint32_t codec_unit = 1u << 24;
    static constexpr std::uint32_t handle_mask = codec_unit - 1;
    Atomic<std::uint32_t> refs_{0};
};

} // namespace weir::detail
