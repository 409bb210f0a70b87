#pragma once
// What keeps the number of items among native nodes bounded: a credit goes with each, and comes back when the last has gone.
#include <weir/framework/detail/flow_group.hpp>
#include <weir/framework/detail/item_place.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace weir::detail {

/// Is given back when nobody refers to it any more.
class CreditBase {
public:
    CreditBase() = default;
    CreditBase(const CreditBase&) = delete;
    CreditBase& operator=(const CreditBase&) = delete;

    void refer() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void let_go() noexcept {
        // Release and acquire: who gives it back sees what all others did before.
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            give_back();
    }
    /// An item with this credit was refused and then forgotten.
    virtual void note_lost() noexcept = 0;

protected:
    ~CreditBase() = default;
    virtual void give_back() noexcept = 0;

private:
    std::atomic<std::uint32_t> references_{0};
};

/// A reference to one.
class Credit {
public:
    Credit() noexcept = default;
    explicit Credit(CreditBase& credit) noexcept : credit_(&credit) { credit.refer(); }
    Credit(const Credit& other) noexcept : credit_(other.credit_) {
        if (credit_)
            credit_->refer();
    }
    Credit(Credit&& other) noexcept : credit_(std::exchange(other.credit_, nullptr)) {}
    Credit& operator=(Credit other) noexcept {
        std::swap(credit_, other.credit_);
        return *this;
    }
    ~Credit() {
        if (credit_)
            credit_->let_go();
    }
    explicit operator bool() const noexcept { return credit_ != nullptr; }
    void note_lost() const noexcept {
        if (credit_)
            credit_->note_lost();
    }

private:
    CreditBase* credit_ = nullptr;
};

/// Those of several items of which one was made.
class JointCredit final : public CreditBase {
public:
    explicit JointCredit(std::vector<Credit> parts) noexcept : parts_(std::move(parts)) {}
    void note_lost() noexcept override {
        if (!parts_.empty())
            parts_.front().note_lost();
    }

private:
    void give_back() noexcept override { delete this; }
    std::vector<Credit> parts_;
};

/// Where the item of a message is.
template <class T> struct FlowCell {
    std::atomic<std::uint32_t> references{0};
    std::atomic<bool> refused{false}; ///< by a receiver without room, and not taken since; relaxed: a hint
    bool on_heap = false;
    ItemPlace<> place; ///< of `item`
    std::optional<T> item;
    Credit credit;

    void refer() noexcept { references.fetch_add(1, std::memory_order_relaxed); }
    void let_go() noexcept {
        // Release and acquire: who frees the item comes after all who read it.
        if (references.fetch_sub(1, std::memory_order_acq_rel) != 1)
            return;
        if (refused.load(std::memory_order_relaxed))
            credit.note_lost();
        item.reset(); // first: its buffer is back before another item takes its place
        const Credit last = std::move(credit);
        if (on_heap)
            delete this;
    }
};

/// The credits of a sender and the cells of its items: all there will ever be. Kept while an item is out.
template <class T> class FlowSlots final : public FlowPort, public std::enable_shared_from_this<FlowSlots<T>> {
public:
    FlowSlots(std::shared_ptr<FlowGroup> group, const std::string& name, std::size_t limit, bool leaves_rest)
        : FlowPort(std::move(group), FlowSide::sender, "native nodes to let go of an item from " + name),
          slots_(std::make_unique<Slot[]>(limit)), limit_(limit), leaves_rest_(leaves_rest) {
        for (std::size_t i = 0; i < limit; ++i)
            slots_[i].next = std::exchange(free_, &slots_[i]);
    }

    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
    [[nodiscard]] bool leaves_rest() const noexcept { return leaves_rest_; }
    [[nodiscard]] std::size_t live() const noexcept WEIR_EXCLUDES(group_->mutex) {
        const Lock lock(group_->mutex);
        return live_;
    }
    [[nodiscard]] std::size_t peak() const noexcept WEIR_EXCLUDES(group_->mutex) {
        const Lock lock(group_->mutex);
        return peak_;
    }

    /// Puts the item into a cell with a credit; null, and the item untouched, if none is free.
    [[nodiscard]] FlowCell<T>* try_fill(T& item) noexcept WEIR_EXCLUDES(group_->mutex) {
        Slot* slot = nullptr;
        {
            const Lock lock(group_->mutex);
            if (!free_)
                return nullptr;
            slot = std::exchange(free_, free_->next);
            peak_ = std::max(peak_, ++live_);
            group_->awaited += leaves_rest_ ? 0 : 1;
        }
        slot->keep = this->shared_from_this();
        slot->cell.item.emplace(std::move(item));
        slot->cell.refused.store(false, std::memory_order_relaxed);
        slot->cell.place.filled();
        slot->cell.credit = Credit(*slot);
        return &slot->cell;
    }

    void discard() noexcept override {} // what is live is with native nodes

    // Why the stage goes on, besides a free credit.
    [[nodiscard]] bool has_error() const noexcept WEIR_EXCLUDES(group_->mutex) {
        const Lock lock(group_->mutex);
        return group_->has_error(FlowSide::sender);
    }
    [[nodiscard]] bool unread() const noexcept WEIR_EXCLUDES(group_->mutex) {
        const Lock lock(group_->mutex);
        return group_->unread();
    }
    /// Nothing of it is live; or nobody is left who would take what is.
    [[nodiscard]] bool all_back() const noexcept WEIR_EXCLUDES(group_->mutex) {
        const Lock lock(group_->mutex);
        return live_ == 0 || (leaves_rest_ && group_->all_sent() && group_->settled());
    }

    /// A receiver refused an item, and nobody kept it. Those that follow may be lost as well, unseen.
    [[nodiscard]] bool lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

private:
    struct Slot final : CreditBase {
        FlowCell<T> cell;
        Slot* next = nullptr;
        std::shared_ptr<FlowSlots> keep;                                                           ///< while it is out
        void note_lost() noexcept override { keep->lost_.store(true, std::memory_order_relaxed); } // a hint
        void give_back() noexcept override {
            const auto slots = std::move(keep);
            slots->take_back(*this);
        }
    };
    void take_back(Slot& slot) noexcept WEIR_EXCLUDES(group_->mutex) {
        const Lock lock(group_->mutex);
        slot.next = std::exchange(free_, &slot);
        --live_;
        group_->awaited -= leaves_rest_ ? 0 : 1;
        if (group_->all_sent())
            group_->tell_all();
        else
            group_->tell(*this);
    }

    const std::unique_ptr<Slot[]> slots_;
    const std::size_t limit_;
    const bool leaves_rest_;
    Slot* free_ WEIR_GUARDED_BY(group_->mutex) = nullptr;
    std::size_t live_ WEIR_GUARDED_BY(group_->mutex) = 0;
    std::size_t peak_ WEIR_GUARDED_BY(group_->mutex) = 0;
    std::atomic<bool> lost_{false};
};

} // namespace weir::detail
