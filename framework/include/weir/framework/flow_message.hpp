#pragma once
// What travels between native oneTBB nodes: a small handle to an item of a pipeline and to its credit.
#include <weir/framework/detail/flow_credit.hpp>
#include <weir/framework/detail/item_traits.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::flow {

/// A counted handle to an item, as large as a pointer: oneTBB copies messages at every hop, and this copies no item. The sender
/// counts the item as live until the last handle, and the last message made of it with `with` or `joined`, has gone. Copies may
/// be used by several threads, one handle by one at a time. May outlive sender, graph and pipeline.
template <Item T> class Message {
public:
    /// Empty: what a guarded body gives that failed.
    Message() noexcept = default;
    /// One without a credit, for a native source. No sender counts it. Allocates.
    explicit Message(T item) : Message(std::move(item), detail::Credit{}) {}
    Message(const Message& other) noexcept : cell_(other.cell_) {
        if (cell_)
            cell_->refer();
    }
    Message(Message&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
    Message& operator=(Message other) noexcept {
        std::swap(cell_, other.cell_);
        return *this;
    }
    ~Message() {
        if (cell_)
            cell_->let_go();
    }

    explicit operator bool() const noexcept { return cell_ != nullptr; }
    /// The item; undefined if the message is empty. Shared with whoever has the same message.
    [[nodiscard]] const T& operator*() const noexcept { return *cell_->item; }
    [[nodiscard]] const T* operator->() const noexcept { return &*cell_->item; }

    /// Moves the item out, to change it in place: for the only reader of the message. Throws std::logic_error if somebody took
    /// it.
    [[nodiscard]] T take() const {
        if (!cell_ || !cell_->place.may_take())
            throw std::logic_error("the item of a message between native nodes can be taken only once");
        T item = std::move(*cell_->item);
        cell_->place.taken();
        return item;
    }
    /// Another item under the same credit. Does not allocate if it is of the same type and this one's was taken: then it is put
    /// in its place. Throws std::bad_alloc.
    template <Item U> [[nodiscard]] Message<U> with(U item) const {
        if constexpr (std::is_same_v<T, U>)
            if (cell_ && cell_->place.may_put()) {
                *cell_->item = std::move(item);
                cell_->place.put();
                return *this;
            }
        return Message<U>(std::move(item), cell_ ? cell_->credit : detail::Credit{});
    }

private:
    template <Item U> friend class Message;
    template <Item U> friend class Sender;
    template <Item U, class M> friend class Receiver;
    template <Item U, Item... Parts> friend Message<U> joined(const std::tuple<Message<Parts>...>& parts, U item);

    explicit Message(detail::FlowCell<T>& cell) noexcept : cell_(&cell) { cell.refer(); }
    Message(T item, detail::Credit credit) : cell_(new detail::FlowCell<T>) {
        cell_->on_heap = true;
        cell_->refer();
        cell_->item.emplace(std::move(item));
        cell_->credit = std::move(credit);
    }

    void note_refused(bool refused) const noexcept {
        if (cell_)
            cell_->refused.store(refused, std::memory_order_relaxed);
    }
    /// The item for the pipeline: moved if nobody else has the message or it cannot be copied, else a copy. Empty if there is
    /// none.
    [[nodiscard]] std::optional<T> item() && {
        if (!cell_)
            return std::nullopt;
        if constexpr (std::is_copy_constructible_v<T>)
            // acquire: who let go of it has read it before
            if (cell_->references.load(std::memory_order_acquire) > 1)
                return std::optional<T>(*cell_->item);
        return std::optional<T>(take());
    }

    detail::FlowCell<T>* cell_ = nullptr;
};

/// An item that was made of several, such as what a join_node gives: all their credits are its own. Allocates. Throws
/// std::bad_alloc.
template <Item U, Item... Parts> [[nodiscard]] Message<U> joined(const std::tuple<Message<Parts>...>& parts, U item) {
    std::vector<detail::Credit> credits;
    std::apply(
        [&credits](const auto&... part) {
            credits.reserve(sizeof...(part));
            ((part.cell_ ? credits.push_back(part.cell_->credit) : void()), ...);
        },
        parts);
    return Message<U>(std::move(item), detail::Credit(*new detail::JointCredit(std::move(credits))));
}

} // namespace weir::flow
