#pragma once
// The queue of a link that drops: its producer may take out again what the consumer has not taken.
#include <weir/framework/gap.hpp>
#include <weir/pools/detail/mutex.hpp>

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace weir::detail {

/// A ring under a mutex that is held for a few moves; nothing is destroyed under it. One thread puts, one takes, any may ask
/// for the size. Allocates only in `reserve`. A gap says no more than the item after it, so the last one is all that is kept.
template <class T> class DropQueue {
public:
    using Entry = std::variant<T, Gap>;

    /// The producer's: so many items fit. Throws std::bad_alloc.
    void reserve(std::size_t items) WEIR_EXCLUDES(mutex_) {
        if (items <= removed_.capacity())
            return;
        std::vector<std::optional<T>> ring(items);
        removed_.reserve(items);
        const Lock lock(mutex_);
        for (std::size_t i = 0; i < count_; ++i)
            ring[i] = std::move(at(i));
        ring_.swap(ring);
        first_ = 0;
    }
    /// The producer's; there is room.
    void put(T&& item) noexcept WEIR_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        at(count_++).emplace(std::move(item));
        gap_.reset();
        note_size();
    }
    void put(const Gap& gap) noexcept WEIR_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        gap_ = gap;
        note_size();
    }
    /// The producer's: takes items from the front while `unwanted(item, number of items)`; how many that were.
    template <class F> std::size_t drop_while(F unwanted) WEIR_EXCLUDES(mutex_) {
        {
            const Lock lock(mutex_);
            while (count_ > 0 && unwanted(std::as_const(*at(0)), count_))
                removed_.push_back(*take_first()); // reserved
            note_size();
        }
        const std::size_t dropped = removed_.size();
        removed_.clear();
        return dropped;
    }

    /// The consumer's: the first entry, from now on in its hand until `pop`; nullptr if there is none. Calls `taken` with an
    /// item that leaves the queue for it.
    template <class F> [[nodiscard]] Entry* front(F taken) noexcept WEIR_EXCLUDES(mutex_) {
        if (hand_ || size() == 0)
            return hand_ ? &*hand_ : nullptr;
        const Lock lock(mutex_);
        if (count_ > 0) {
            taken(std::as_const(*at(0)));
            hand_.emplace(std::in_place_index<0>, *take_first());
        } else if (gap_) {
            hand_.emplace(std::in_place_index<1>, *std::exchange(gap_, std::nullopt));
        }
        note_size();
        return hand_ ? &*hand_ : nullptr;
    }
    /// The consumer's: takes it out of the hand. Whether that was an item.
    bool pop() noexcept {
        const bool item = hand_ && hand_->index() == 0;
        hand_.reset();
        return item;
    }

    /// Either's: the first item, if there is one.
    [[nodiscard]] std::optional<T> discard_one() noexcept WEIR_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        auto item = take_first();
        if (!item)
            gap_.reset();
        note_size();
        return item;
    }

    /// Entries that nobody has in hand.
    [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_seq_cst); }
    /// The producer's: the items among them; the consumer may be taking one.
    [[nodiscard]] std::size_t items() const noexcept WEIR_EXCLUDES(mutex_) {
        const Lock lock(mutex_);
        return count_;
    }

private:
    [[nodiscard]] std::optional<T>& at(std::size_t index) noexcept WEIR_REQUIRES(mutex_) {
        return ring_[(first_ + index) % ring_.size()];
    }
    [[nodiscard]] std::optional<T> take_first() noexcept WEIR_REQUIRES(mutex_) {
        if (count_ == 0)
            return std::nullopt;
        std::optional<T> item(std::in_place, std::move(*at(0)));
        at(0).reset(); // moved from: nothing is left to free
        first_ = (first_ + 1) % ring_.size();
        --count_;
        return item;
    }
    void note_size() noexcept WEIR_REQUIRES(mutex_) {
        // Sequentially consistent: pairs with the consumer's look after it has said that it waits (see Link).
        size_.store(count_ + (gap_ ? 1 : 0), std::memory_order_seq_cst);
    }

    mutable Mutex mutex_;
    std::vector<std::optional<T>> ring_ WEIR_GUARDED_BY(mutex_);
    std::size_t first_ WEIR_GUARDED_BY(mutex_) = 0;
    std::size_t count_ WEIR_GUARDED_BY(mutex_) = 0;
    std::optional<Gap> gap_ WEIR_GUARDED_BY(mutex_); ///< after all items
    std::atomic<std::size_t> size_{0};
    std::vector<T> removed_;    // the producer's, on their way to be destroyed outside the lock
    std::optional<Entry> hand_; // the consumer's
};

} // namespace weir::detail
