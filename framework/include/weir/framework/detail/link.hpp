#pragma once
// The typed mailbox of a link.
#include <weir/framework/detail/item_traits.hpp>
#include <weir/framework/detail/port_base.hpp>
#include <weir/framework/detail/spsc_queue.hpp>

#include <variant>

namespace weir::detail {

template <class T> [[nodiscard]] std::size_t item_bytes(const T&) noexcept { return 0; }
[[nodiscard]] inline std::size_t item_bytes(const Packet& packet) noexcept { return packet.data.size(); }

/// Reports an item's time to `note(pts, time_base)`, for those that have one.
template <class T, class F> void item_time(const T&, F) noexcept {}
template <class F> void item_time(const PooledFrame& frame, F note) noexcept {
    note(frame.header().pts, frame.header().time_base);
}
template <class F> void item_time(const PooledSamples& samples, F note) noexcept {
    note(samples.header().pts, samples.header().time_base);
}
template <class F> void item_time(const Packet& packet, F note) noexcept {
    if (packet.format)
        note(packet.pts, packet.format->time_base);
}

template <Item T> class Link final : public LinkBase {
public:
    using Entry = std::variant<T, Gap>;
    using LinkBase::LinkBase;

    [[nodiscard]] std::size_t size() const noexcept override { return queue_.size(); }
    void reserve() override { queue_.reserve(); }

    void accept(const Token& token) noexcept override {
        switch (token.kind) {
        case Token::Kind::item: {
            T& item = *static_cast<T*>(token.items[index]);
            pass_to(item, holder(), since_unchanged); // unqualified: a type's own overload is found, too
            item_time(item, [this](std::int64_t pts, Rational base) { note_time(pts, base); });
            if (max_bytes_)
                bytes_.fetch_add(item_bytes(item), std::memory_order_relaxed);
            queue_.emplace(std::in_place_index<0>, std::move(item));
            note_stored(queue_.size());
            break;
        }
        case Token::Kind::gap: queue_.emplace(std::in_place_index<1>, *token.gap); break;
        case Token::Kind::end: ended_.store(true, std::memory_order_seq_cst); break;
        }
        if (closed())
            discard();
        else
            tell_consumer();
    }

    void discard() noexcept override {
        const Lock lock(close_mutex_);
        while (queue_.front()) {
            discarded_.fetch_add(1, std::memory_order_relaxed);
            queue_.pop();
        }
    }

    /// The consumer's: the oldest entry or nullptr.
    [[nodiscard]] Entry* front() noexcept { return queue_.front(); }
    /// The consumer's: removes it and tells a waiting producer.
    void pop() noexcept {
        if (max_bytes_)
            if (const T* item = std::get_if<T>(queue_.front()))
                bytes_.fetch_sub(item_bytes(*item), std::memory_order_relaxed);
        queue_.pop();
        tell_producer(false);
    }

private:
    SpscQueue<Entry> queue_;
};

} // namespace weir::detail
