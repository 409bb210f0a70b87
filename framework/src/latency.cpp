#include "latency.hpp"

#include <boost/histogram/axis/regular.hpp>
#include <boost/histogram/histogram.hpp>
#include <boost/histogram/make_histogram.hpp>
#include <boost/histogram/storage_adaptor.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace weir::detail {
namespace {

// From a microsecond to a thousand seconds, 20 bins to each doubling, so none wider than 5 %.
constexpr double shortest = 0x1p10;
constexpr double longest = 0x1p40;
constexpr unsigned bins = 30 * 20;

/// Linear within each doubling, as the bits of a double are: the logarithm itself would be the largest part of `note`.
struct Doublings {
    static double forward(double x) noexcept { return static_cast<double>(std::bit_cast<std::int64_t>(x)); }
    static double inverse(double y) noexcept { return std::bit_cast<double>(static_cast<std::int64_t>(y)); }
};
using Axis = boost::histogram::axis::regular<double, Doublings>;

} // namespace

struct Latency::Histogram {
    decltype(boost::histogram::make_histogram_with(std::vector<std::uint64_t>(), Axis(bins, shortest, longest))) counts =
        boost::histogram::make_histogram_with(std::vector<std::uint64_t>(), Axis(bins, shortest, longest));
    std::uint64_t count = 0;

    /// The upper end of the bin in which that part of all lies.
    [[nodiscard]] double quantile(double part) const {
        const auto wanted = static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count)));
        std::uint64_t seen = 0;
        for (int bin = -1; bin <= static_cast<int>(bins); ++bin) {
            seen += counts.at(bin);
            if (seen >= wanted)
                return bin < 0 ? shortest : bin < static_cast<int>(bins) ? counts.axis().bin(bin).upper() : longest;
        }
        return longest;
    }
};

Latency::Latency(Clock& clock) : clock_(clock), histogram_(std::make_unique<Histogram>()) {}
Latency::~Latency() = default;

void Latency::note(std::int64_t entered, std::int64_t pts, Rational base) noexcept {
    if (entered == 0)
        return; // it came from nowhere
    const std::int64_t took = std::max<std::int64_t>(clock_.now().time_since_epoch().count() - entered, 0);
    const Lock lock(mutex_);
    histogram_->counts(static_cast<double>(took));
    ++histogram_->count;
    if (took > longest_) {
        longest_ = took;
        worst_ = pts != no_time && base.valid() ? seconds(pts, base) : std::nan("");
    }
}

LatencySnapshot Latency::snapshot() const {
    LatencySnapshot result;
    const Lock lock(mutex_);
    result.items = histogram_->count;
    if (result.items == 0)
        return result;
    // The longest is known exactly: nothing is above it.
    const auto at = [this](double part) WEIR_REQUIRES(mutex_) {
        return std::min(static_cast<std::int64_t>(histogram_->quantile(part)), longest_);
    };
    result.p50 = at(0.5);
    result.p99 = at(0.99);
    result.max = longest_;
    result.worst = worst_;
    return result;
}

} // namespace weir::detail
