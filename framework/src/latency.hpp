#pragma once
// How long items take from their source to where they end.
#include <weir/framework/clock.hpp>
#include <weir/framework/snapshot.hpp>
#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/rational.hpp>

#include <cstdint>
#include <memory>

namespace weir::detail {

/// The distribution of a link's latencies, to 5 %. Written by one core, read by anybody; locks for a few instructions.
class Latency {
public:
    explicit Latency(Clock& clock);
    ~Latency();
    Latency(const Latency&) = delete;
    Latency& operator=(const Latency&) = delete;

    void note(std::int64_t entered, std::int64_t pts, Rational base) noexcept WEIR_EXCLUDES(mutex_);
    /// Without the names.
    [[nodiscard]] LatencySnapshot snapshot() const WEIR_EXCLUDES(mutex_);

private:
    struct Histogram;
    Clock& clock_;
    mutable Mutex mutex_;
    std::unique_ptr<Histogram> histogram_ WEIR_GUARDED_BY(mutex_);
    std::int64_t longest_ WEIR_GUARDED_BY(mutex_) = -1;
    double worst_ WEIR_GUARDED_BY(mutex_) = 0; ///< seconds
};

} // namespace weir::detail
