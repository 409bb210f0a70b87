#pragma once
// A list whose links live in its members: adding and removing cannot fail and does not allocate.

namespace weir::detail {

class ListNode {
public:
    ListNode() = default;
    ListNode(const ListNode&) = delete;
    ListNode& operator=(const ListNode&) = delete;

    [[nodiscard]] bool linked() const noexcept { return next_ != nullptr; }

    void unlink() noexcept {
        if (!next_)
            return;
        next_->prev_ = prev_;
        prev_->next_ = next_;
        next_ = prev_ = nullptr;
    }

protected:
    ~ListNode() = default;

private:
    template <class T> friend class IntrusiveList;
    ListNode* next_ = nullptr;
    ListNode* prev_ = nullptr;
};

/// First in, first out. Not thread-safe; `T` derives from ListNode.
template <class T> class IntrusiveList {
public:
    IntrusiveList() noexcept { head_.next_ = head_.prev_ = &head_; }
    ~IntrusiveList() { head_.next_ = head_.prev_ = nullptr; }
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;

    [[nodiscard]] bool empty() const noexcept { return head_.next_ == &head_; }

    void push_back(T& item) noexcept {
        ListNode& node = item;
        node.prev_ = head_.prev_;
        node.next_ = &head_;
        head_.prev_->next_ = &node;
        head_.prev_ = &node;
    }

    /// The first; nullptr if there is none.
    [[nodiscard]] T* front() const noexcept { return empty() ? nullptr : static_cast<T*>(head_.next_); }

    /// The first, taken out; nullptr if there is none.
    [[nodiscard]] T* pop_front() noexcept {
        if (empty())
            return nullptr;
        ListNode* node = head_.next_;
        node->unlink();
        return static_cast<T*>(node);
    }

    template <class F> void for_each(F f) {
        for (ListNode* node = head_.next_; node != &head_;) {
            ListNode* next = node->next_;
            f(*static_cast<T*>(node));
            node = next;
        }
    }

private:
    struct Head : ListNode {
        ~Head() = default;
    };
    Head head_;
};

} // namespace weir::detail
