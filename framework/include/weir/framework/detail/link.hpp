#pragma once
// The typed mailbox of a link.
#include <weir/framework/detail/drop_queue.hpp>
#include <weir/framework/detail/item_traits.hpp>
#include <weir/framework/detail/port_base.hpp>
#include <weir/framework/detail/spsc_queue.hpp>

#include <memory>
#include <variant>

namespace weir::detail {

/// Entries are kept in one of two queues: one without locks, or, in a link that drops, one from which both ends may take.
template <Item T> class Link final : public LinkBase {
public:
    using Entry = std::variant<T, Gap>;
    Link(OutputBase& from, InputBase& to, const LinkOptions& options)
        : LinkBase(from, to, options), dropping_(drops() ? std::make_unique<DropQueue<T>>() : nullptr) {}
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() override { set_reader({}); }

    [[nodiscard]] std::size_t size() const noexcept override { return dropping_ ? dropping_->size() : queue_.size(); }
    /// Room for one more.
    [[nodiscard]] bool fits() const noexcept { return LinkBase::fits(size()); }
    void reserve() override {
        if (!dropping_)
            queue_.reserve();
    }
    /// The producer's: makes sure that `item` can be stored, or that `accept` will not take it. Throws std::bad_alloc.
    void make_room(const T& item) {
        if (dropping_)
            choose_what_to_drop(item);
        else
            queue_.reserve();
    }

    void accept(const Token& token) noexcept override {
        switch (token.kind) {
        case Token::Kind::item: {
            T& item = *static_cast<T*>(token.items[index]);
            pass_to(item, holder(), from().stage().now()); // unqualified: a type's own overload is found, too
            item_time(item, [this](std::int64_t pts, Rational base) { note_time(pts, base); });
            if (!refused_)
                store(item);
            note_stored(size());
            if (from().stage().light() && !closed()) {
                tell_consumer_soon();
                return;
            }
            break;
        }
        case Token::Kind::gap:
            if (dropping_)
                dropping_->put(*token.gap);
            else
                queue_.emplace(std::in_place_index<1>, *token.gap);
            break;
        case Token::Kind::end: ended_.store(true, std::memory_order_seq_cst); break;
        }
        queue_.settle_puts();
        if (closed())
            discard();
        else
            tell_consumer();
    }

    void discard() noexcept override {
        const Lock lock(close_mutex_);
        if (dropping_ && dropping_->pop()) // what the consumer had in hand: it takes no more
            discarded_.fetch_add(1, std::memory_order_relaxed);
        while (dropping_ ? dropping_->discard_one().has_value() : queue_.front() != nullptr) {
            discarded_.fetch_add(1, std::memory_order_relaxed);
            if (!dropping_)
                queue_.pop();
        }
    }

    void begin_anew() noexcept override {
        LinkBase::begin_anew();
        refused_ = broken_ = false;
    }

    /// The consumer's: the oldest entry or nullptr.
    [[nodiscard]] Entry* front() noexcept { return dropping_ ? front_to_drop() : queue_.front(); }
    /// The consumer's: takes the item that `front` has shown, as a T or what is made of one, and tells a waiting producer.
    template <class To = T> [[nodiscard]] To take() noexcept {
        T& first = *std::get_if<T>(dropping_ ? front_to_drop() : &queue_.first());
        if (measures_ || latency_)
            note_taken(first);
        To item(std::move(first));
        pop();
        return item;
    }
    /// The consumer's: the same for a gap, which has no size.
    void skip_gap() noexcept { pop(); }

private:
    void pop() noexcept {
        if (dropping_) {
            dropping_->pop();
        } else {
            queue_.pop();
            tell_producer();
        }
    }
    [[nodiscard]] Entry* front_to_drop() noexcept {
        return dropping_->front([this](const T& item) { measure_out(item); });
    }
    /// While the item is whole.
    void note_taken(T& item) noexcept {
        if (!dropping_) // else it was measured when it came to the front
            measure_out(item);
        if constexpr (KeepsEntry<T>)
            if (latency_)
                item_time(item, [&](std::int64_t pts, Rational base) { note_latency(entry_time(item), pts, base); });
    }
    void settle_queue() noexcept override { queue_.settle(); }
    void settle_puts_now() noexcept override {
        queue_.settle_puts();
        if (closed())
            discard();
        else if (size() > 0) // else it has taken everything and missed nothing
            tell_consumer();
    }
    void store(T& item) noexcept {
        if (measures_) {
            bytes_.fetch_add(item_bytes(item), std::memory_order_relaxed);
            item_time(item, [this](std::int64_t pts, Rational base) { measure_time_in(pts, base); });
        }
        if (dropping_)
            dropping_->put(std::move(item));
        else
            queue_.emplace(std::in_place_index<0>, std::move(item));
    }
    void measure_out(const T& item) noexcept {
        if (!measures_)
            return;
        bytes_.fetch_sub(item_bytes(item), std::memory_order_relaxed);
        item_time(item, [this](std::int64_t pts, Rational base) { measure_time_out(pts, base); });
    }
    void choose_what_to_drop(const T& item) {
        dropping_->reserve(capacity());
        broken_ = broken_ && !starts_anew(item);
        refused_ = broken_;
        if (refused_) {
            note_dropped(1);
        } else if (!LinkBase::fits(dropping_->items())) {
            if (when_full_ == WhenFull::drop_newest) {
                refused_ = broken_ = true;
                note_dropped(1);
            } else {
                drop_oldest(item);
            }
        }
    }
    void drop_oldest(const T& item) noexcept {
        bool cut = false;   // something went, so the next must do without it
        bool whole = false; // and there is one that does
        note_dropped(dropping_->drop_while([&](const T& oldest, std::size_t items) {
            whole = LinkBase::fits(items) && (!cut || starts_anew(oldest));
            if (!whole) {
                cut = true;
                measure_out(oldest);
            }
            return !whole;
        }));
        refused_ = broken_ = cut && !whole && !starts_anew(item);
        if (refused_)
            note_dropped(1);
    }

    SpscQueue<Entry> queue_;
    std::unique_ptr<DropQueue<T>> dropping_;
    // the producer's
    bool refused_ = false; ///< the item under way is not for this link
    bool broken_ = false;  ///< nor are those to come, up to one that starts anew
};

} // namespace weir::detail
