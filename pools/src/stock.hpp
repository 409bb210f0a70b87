#pragma once
// A pool's idle buffers and the word that counts all of them.
#include <weir/pools/detail/mutex.hpp>

#include "pool_block.hpp"
#include "usage_word.hpp"

#include <cstddef>

namespace weir::detail {

/// The word and the free list under one guard, or, with a guard that guards nothing, each safe by itself. Either way they
/// change in the order that UsageWord asks for.
template <class Guard, template <class> class Atomic, class List> class Stock {
public:
    using Word = UsageWord<Atomic>;
    using Claim = typename Word::Claim;
    using Given = typename Word::Given;

    // Without the guard.
    [[nodiscard]] Usage load() const noexcept { return word_.load(); }
    [[nodiscard]] bool is_waiting() const noexcept { return word_.is_waiting(); }
    void make_room(std::size_t blocks) { list_.make_room(blocks); }

    /// With Claim::idle `block` is the one that is out now.
    [[nodiscard]] Claim claim(std::size_t maximum, Usage& after, PoolBlock*& block) noexcept {
        const Locked lock(guard_);
        const Claim claim = word_.claim(maximum, after);
        if (claim == Claim::idle)
            block = list_.pop();
        return claim;
    }
    /// One of more than `keep` idle ones, to be freed; nullptr if there is none. It counts as moving.
    [[nodiscard]] PoolBlock* claim_for_freeing(std::size_t keep) noexcept {
        const Locked lock(guard_);
        return word_.claim_for_freeing(keep) ? list_.pop() : nullptr;
    }
    /// Pushes what was out and subtracts it. If that is not done it is pushed nevertheless: `pop` takes one in exchange.
    [[nodiscard]] Given give_back(PoolBlock& block) noexcept {
        const Locked lock(guard_);
        list_.push(block);
        return word_.give(Usage::one_out);
    }
    void push(PoolBlock& block) noexcept {
        const Locked lock(guard_);
        list_.push(block);
    }
    [[nodiscard]] PoolBlock& pop() noexcept {
        const Locked lock(guard_);
        return *list_.pop();
    }

    // As UsageWord's.
    [[nodiscard]] bool book(std::size_t maximum) noexcept {
        return under_guard([&] { return word_.book(maximum); });
    }
    Usage booked_is_out() noexcept {
        return under_guard([&] { return word_.booked_is_out(); });
    }
    [[nodiscard]] bool adopt() noexcept {
        return under_guard([&] { return word_.adopt(); });
    }
    [[nodiscard]] Given give(Usage::Bits what) noexcept {
        return under_guard([&] { return word_.give(what); });
    }
    [[nodiscard]] bool leave(Usage::Bits what) noexcept {
        return under_guard([&] { return word_.leave(what); });
    }
    void get_in_line() noexcept {
        under_guard([&] { word_.get_in_line(); });
    }
    void line_is_empty() noexcept {
        under_guard([&] { word_.line_is_empty(); });
    }
    void close() noexcept {
        under_guard([&] { word_.close(); });
    }

private:
    /// Whoever is the last to leave the pool took the guard after all others let it go: it may then be destroyed.
    class WEIR_SCOPED_CAPABILITY Locked {
    public:
        explicit Locked(Guard& guard) noexcept WEIR_ACQUIRE(guard) : guard_(guard) { guard_.lock(); }
        ~Locked() WEIR_RELEASE() { guard_.unlock(); }
        Locked(const Locked&) = delete;
        Locked& operator=(const Locked&) = delete;

    private:
        Guard& guard_;
    };
    template <class F> auto under_guard(F f) noexcept {
        const Locked lock(guard_);
        return f();
    }

    Guard guard_;
    Word word_;
    List list_;
};

} // namespace weir::detail
