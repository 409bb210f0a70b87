#pragma once
// The one word on which a pool's threads agree: how many buffers there are, how many are out, whether somebody waits,
// whether the pool is still open.
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weir::detail {

/// One value of the word.
class Usage {
public:
    using Bits = std::uint64_t;
    static constexpr Bits one_buffer = 1;              ///< a buffer that exists or is booked
    static constexpr Bits one_out = Bits{1} << 16;     ///< of these, one that is out
    static constexpr Bits one_adopted = Bits{1} << 32; ///< a header for foreign memory that is out
    static constexpr Bits one_moving = Bits{1} << 48;  ///< of the buffers, one being made or freed: neither idle nor out
    static constexpr Bits waiting = Bits{1} << 62;     ///< somebody may be in line
    static constexpr Bits open = Bits{1} << 63;        ///< there are handles to the pool

    static constexpr std::size_t most_buffers = 0xffff;
    static constexpr std::size_t most_adopted = 0xffff - 1; ///< one is left for UsageWord::close
    static constexpr std::size_t most_moving = 0x3fff;

    constexpr Usage() = default;
    constexpr explicit Usage(Bits bits) noexcept : bits_(bits) {}

    [[nodiscard]] constexpr Bits bits() const noexcept { return bits_; }
    [[nodiscard]] constexpr std::size_t buffers() const noexcept { return bits_ & 0xffff; }
    [[nodiscard]] constexpr std::size_t out() const noexcept { return bits_ >> 16 & 0xffff; }
    [[nodiscard]] constexpr std::size_t adopted() const noexcept { return bits_ >> 32 & 0xffff; }
    [[nodiscard]] constexpr std::size_t moving() const noexcept { return bits_ >> 48 & 0x3fff; }
    [[nodiscard]] constexpr std::size_t idle() const noexcept { return buffers() - out() - moving(); }
    [[nodiscard]] constexpr bool is_waiting() const noexcept { return (bits_ & waiting) != 0; }
    [[nodiscard]] constexpr bool is_open() const noexcept { return (bits_ & open) != 0; }
    [[nodiscard]] constexpr bool is_over() const noexcept { return (bits_ & ~waiting) == 0; }

    [[nodiscard]] constexpr bool may_book(std::size_t maximum) const noexcept {
        return buffers() < maximum && buffers() < most_buffers && moving() < most_moving;
    }
    [[nodiscard]] constexpr bool has_room(std::size_t maximum) const noexcept { return idle() != 0 || may_book(maximum); }

private:
    Bits bits_ = 0;
};

/// The word itself. A free list stands beside it under these rules: a buffer is pushed *before* it is counted as idle
/// and claimed in the word *before* it is popped. So the list never holds fewer than the word says, a pop after a claim
/// always finds one, and nobody ever sees more buffers out than there are.
///
/// Every change is a read-modify-write with acquire and release order. They form one chain, in which each thread finds
/// done what the threads before it did before their change: pushes (give, then claim), getting in line (get_in_line, then
/// give), closing (close, then give).
template <template <class> class Atomic = std::atomic> class UsageWord {
public:
    using Bits = Usage::Bits;

    [[nodiscard]] Usage load() const noexcept { return Usage(bits_.load(std::memory_order_acquire)); }

    /// For who raised the maximum, which stands outside the word: sequentially consistent, as is that raise.
    [[nodiscard]] bool is_waiting() const noexcept { return Usage(bits_.load(std::memory_order_seq_cst)).is_waiting(); }

    enum class Claim : std::uint8_t {
        idle, ///< one is out for the caller, who pops it
        room, ///< one is booked for the caller, who makes it
        none, ///< all are out and there may be no more
    };
    /// `after` is the word with the claim.
    [[nodiscard]] Claim claim(std::size_t maximum, Usage& after) noexcept {
        Usage seen(bits_.load(std::memory_order_acquire));
        for (;;) {
            const bool idle = seen.idle() != 0;
            if (!idle && !seen.may_book(maximum))
                return Claim::none;
            after = Usage(seen.bits() + (idle ? Usage::one_out : Usage::one_buffer + Usage::one_moving));
            if (replace(seen, after))
                return idle ? Claim::idle : Claim::room;
        }
    }

    /// Books one more buffer, whether or not some are idle.
    [[nodiscard]] bool book(std::size_t maximum) noexcept {
        Usage seen(bits_.load(std::memory_order_relaxed));
        do {
            if (!seen.may_book(maximum))
                return false;
        } while (!replace(seen, Usage(seen.bits() + Usage::one_buffer + Usage::one_moving)));
        return true;
    }

    /// What was booked is made, and out.
    Usage booked_is_out() noexcept {
        constexpr Bits change = Usage::one_moving - Usage::one_out; // subtracted
        return Usage(bits_.fetch_sub(change, std::memory_order_acq_rel) - change);
    }

    /// Takes one of more than `keep` idle buffers aside, to be popped and freed.
    [[nodiscard]] bool claim_for_freeing(std::size_t keep) noexcept {
        Usage seen(bits_.load(std::memory_order_relaxed));
        do {
            if (seen.idle() <= keep || seen.moving() == Usage::most_moving)
                return false;
        } while (!replace(seen, Usage(seen.bits() + Usage::one_moving)));
        return true;
    }

    [[nodiscard]] bool adopt() noexcept {
        Usage seen(bits_.load(std::memory_order_relaxed));
        do {
            if (seen.adopted() >= Usage::most_adopted)
                return false;
        } while (!replace(seen, Usage(seen.bits() + Usage::one_adopted)));
        return true;
    }

    enum class Given : std::uint8_t {
        done,
        waiting, ///< not done: somebody may be in line
        closed,  ///< not done: nobody will claim it
    };
    /// Subtracts `what`. Until this is done what it counts keeps the word alive, afterwards nothing does.
    [[nodiscard]] Given give(Bits what) noexcept {
        Usage seen(bits_.load(std::memory_order_relaxed));
        do {
            if (!seen.is_open())
                return Given::closed;
            if (seen.is_waiting())
                return Given::waiting;
        } while (!replace(seen, Usage(seen.bits() - what)));
        return Given::done;
    }

    /// Subtracts `what`, whatever happened. True for the one who is to destroy the pool.
    [[nodiscard]] bool leave(Bits what) noexcept {
        return Usage(bits_.fetch_sub(what, std::memory_order_acq_rel) - what).is_over();
    }

    /// Both under the line's lock. After `get_in_line` one must look again, at the word and at the maximum.
    void get_in_line() noexcept { bits_.fetch_or(Usage::waiting, std::memory_order_seq_cst); } // pairs with is_waiting
    void line_is_empty() noexcept { bits_.fetch_and(~Usage::waiting, std::memory_order_acq_rel); }

    /// The last handle is gone. The caller then frees what is idle and calls `leave(one_adopted)`.
    void close() noexcept { bits_.fetch_sub(Usage::open - Usage::one_adopted, std::memory_order_acq_rel); }

private:
    /// On failure `seen` is the word as it is now.
    bool replace(Usage& seen, Usage by) noexcept {
        Bits bits = seen.bits();
        const bool done = bits_.compare_exchange_weak(bits, by.bits(), std::memory_order_acq_rel, std::memory_order_acquire);
        if (!done)
            seen = Usage(bits);
        return done;
    }

    Atomic<Bits> bits_{Usage::open};
};

} // namespace weir::detail
