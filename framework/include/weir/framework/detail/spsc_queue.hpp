#pragma once
// A queue for one thread that puts and one that takes. Unbounded in itself: the link around it keeps the bound.
#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace weir::detail {

/// Chunks of slots in a chain; an emptied chunk is kept and used again, so that in steady state nothing is allocated.
/// The producer alone calls `emplace`, `reserve`, `settle_puts`, the consumer alone `front`, `first`, `pop`,
/// `settle`.
template <class T, std::size_t ChunkSize = 8, template <class> class Atomic = std::atomic> class SpscQueue {
public:
    SpscQueue() : head_(new Chunk), tail_(head_) {}
    SpscQueue(const SpscQueue&) = delete;
    SpscQueue& operator=(const SpscQueue&) = delete;
    ~SpscQueue() {
        while (front())
            pop();
        delete head_; // emptied, it is the tail too
        delete next_;
        delete spare_.load(std::memory_order_relaxed);
    }

    /// Makes sure the next `emplace` cannot fail. Throws std::bad_alloc.
    void reserve() {
        if (pushed_ + 1 < ChunkSize || next_)
            return;
        // Acquire pairs with the consumer's release in `pop`: its last use of the chunk is over.
        next_ = spare_.load(std::memory_order_acquire);
        if (next_)
            spare_.store(nullptr, std::memory_order_relaxed); // the consumer fills it only while it is empty
        else
            next_ = new Chunk;
    }
    /// Constructs an item at the end, from what does not throw. `reserve` must have come before it.
    template <class... Args> void emplace(Args&&... args) noexcept {
        Chunk& chunk = *tail_;
        ::new (chunk.slot(pushed_)) T(std::forward<Args>(args)...);
        if (++pushed_ == ChunkSize) {
            next_->next = nullptr;
            chunk.next = next_;
            tail_ = std::exchange(next_, nullptr);
            pushed_ = 0;
        }
        // Release: the item is whole. A consumer that has just said that it waits may be missed until `settle_puts`.
        count_in_.store(++in_, std::memory_order_release);
    }
    /// The producer's: who says that it waits either sees what was put, or is seen by a look after this.
    void settle_puts() noexcept { count_in_.store(in_, std::memory_order_seq_cst); }

    /// The oldest item, or nullptr.
    [[nodiscard]] T* front() noexcept {
        if (out_ == seen_) {
            seen_ = count_in_.load(std::memory_order_seq_cst);
            if (out_ == seen_)
                return nullptr;
        }
        return &first();
    }
    /// What `front` has shown.
    [[nodiscard]] T& first() noexcept { return *static_cast<T*>(head_->slot(popped_)); }
    /// Removes it.
    void pop() noexcept {
        first().~T();
        if (++popped_ == ChunkSize) {
            Chunk* old = std::exchange(head_, head_->next);
            popped_ = 0;
            if (spare_.load(std::memory_order_relaxed))
                delete old;
            else
                spare_.store(old, std::memory_order_release); // pairs with `reserve`; only the producer empties it
        }
        // Release: the slot is free. A producer that has just said that it waits may be missed until `settle`.
        count_out_.store(++out_, std::memory_order_release);
    }
    /// The consumer's, after its last `pop` before it rests: who says that it waits either sees what was popped, or is seen by
    /// a look after this.
    void settle() noexcept { count_out_.store(out_, std::memory_order_seq_cst); }

    /// Items inside, as seen by any thread; exact for the producer and the consumer if the other one rests.
    [[nodiscard]] std::size_t size() const noexcept {
        const std::size_t out = count_out_.load(std::memory_order_seq_cst);
        const std::size_t in = count_in_.load(std::memory_order_seq_cst);
        return in - out;
    }

private:
    struct Chunk {
        Chunk* next = nullptr;
        alignas(T) std::byte storage[ChunkSize][sizeof(T)];
        void* slot(std::size_t index) noexcept { return storage[index]; }
    };

    // the consumer's
    alignas(64) Chunk* head_;
    std::size_t popped_ = 0;
    std::size_t out_ = 0;
    std::size_t seen_ = 0;
    Atomic<std::size_t> count_out_{0};
    // the producer's
    alignas(64) Chunk* tail_;
    Chunk* next_ = nullptr;
    std::size_t pushed_ = 0;
    std::size_t in_ = 0;
    Atomic<std::size_t> count_in_{0};
    // passed back from consumer to producer
    alignas(64) Atomic<Chunk*> spare_{nullptr};
};

} // namespace weir::detail
