#pragma once
// How many frames one producer may have out at once.
#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/detail/quota_count.hpp>
#include <weir/pools/holder.hpp>
#include <weir/pools/waiter.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace weir {

/// Counts the frames of one producer (a stage's output port) that are out, over all pools, and bounds them. Thread-safe.
/// Frames keep it alive. Taking and giving back do not allocate and lock only while somebody waits.
class Quota {
public:
    [[nodiscard]] static std::shared_ptr<Quota> make(std::size_t limit);

    /// Takes one if the limit allows.
    [[nodiscard]] bool try_take() noexcept;
    /// Takes one if the limit allows; otherwise puts `waiter` in line and returns false. The waiter is told when
    /// there is room (and must then try again: room is not reserved for it).
    [[nodiscard]] bool take_or_notify(Waiter& waiter) noexcept;
    /// Takes one whether or not the limit allows: a codec that gave two pictures for one packet.
    void take_anyway() noexcept;
    /// Gives one back, from any thread, and tells the first waiter if there is room.
    void give_back() noexcept;
    /// After it returns `waiter` is in no line and not being told.
    void cancel_wait(Waiter& waiter) noexcept;

    [[nodiscard]] bool has_room() const noexcept;
    /// Changes the limit (an edit of the graph); tells waiters if it grew.
    void set_limit(std::size_t limit) noexcept;
    /// The stall rule's: one more, for good, and counted.
    void grow() noexcept;

    [[nodiscard]] std::size_t limit() const noexcept;
    [[nodiscard]] std::size_t in_use() const noexcept; ///< may be above the limit after `take_anyway` or a lower limit
    [[nodiscard]] std::size_t peak() const noexcept;
    [[nodiscard]] std::uint64_t overflows() const noexcept;

    explicit Quota(std::size_t limit) noexcept : count_(limit) {}
    Quota(const Quota&) = delete;
    Quota& operator=(const Quota&) = delete;
    ~Quota() = default;

private:
    void note_peak(std::size_t in_use) noexcept;
    void tell_if_starved() noexcept WEIR_EXCLUDES(mutex_);
    void tell() noexcept WEIR_REQUIRES(mutex_);

    detail::QuotaCount<> count_;
    std::atomic<std::size_t> peak_{0}; // relaxed, as the next: for reports
    std::atomic<std::uint64_t> overflows_{0};
    detail::Mutex mutex_;
    detail::IntrusiveList<Waiter> waiters_ WEIR_GUARDED_BY(mutex_);
};

} // namespace weir
