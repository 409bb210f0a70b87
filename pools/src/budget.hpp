#pragma once
// The bytes that all pools of a registry may hold together.
#include <atomic>
#include <cstddef>
#include <string>

namespace weir::detail {

class PoolCore;

/// Counts bytes under a limit. Thread-safe; neither locks nor allocates.
class Budget {
public:
    explicit Budget(std::size_t limit) noexcept : limit_(limit) {}

    /// False if that would be above the limit.
    [[nodiscard]] bool try_add(std::size_t bytes) noexcept;
    void subtract(std::size_t bytes) noexcept;

    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
    [[nodiscard]] std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t peak() const noexcept { return peak_.load(std::memory_order_relaxed); }

private:
    const std::size_t limit_;
    std::atomic<std::size_t> used_{0}; // relaxed throughout: a count that orders nothing
    std::atomic<std::size_t> peak_{0};
};

/// Who can make room in a budget: the registry.
class Reclaimer {
public:
    /// Frees idle buffers, those of the coldest pools first, until at least `bytes` are freed. Returns how many were.
    virtual std::size_t reclaim(std::size_t bytes) = 0;
    /// "encode[hd] 300.0 MiB, ...", the largest first.
    [[nodiscard]] virtual std::string largest_holders() const = 0;

protected:
    ~Reclaimer() = default;
};

/// "3.0 MiB".
[[nodiscard]] std::string bytes_text(std::size_t bytes);

} // namespace weir::detail
