#pragma once
// Turns sound into sound of another rate, sample format or channel layout.
#include <weir/framework/options.hpp>
#include <weir/pools/pooled_samples.hpp>
#include <weir/stages/option_values.hpp>

#include <cstdint>
#include <memory>

namespace weir {

/// What resampled sound should be like. What is not set stays as it is.
struct ResampleOptions {
    std::uint32_t rate = 0; ///< Hz
    SampleFormat format = SampleFormat::none;
    ChannelLayout layout{};

    [[nodiscard]] static const OptionTable<ResampleOptions>& table();
};

/// Converts one stretch of sound after the other, by libswresample. Belongs to one thread at a time.
///
/// A stretch is sound of one format without a jump in its times (40 ms or more between where a piece should begin and where it
/// says it does). Where the rate changes, pieces come out in 1/rate, counted from the stretch's first sample: N samples become
/// exactly round((first + N) * to / from) - round(first * to / from), the last of them when the stretch is drained; jitter of
/// times below 40 ms is not passed on. Where it does not, each piece gives one piece with the times it had.
class Resampler {
public:
    explicit Resampler(const ResampleOptions& options = {});
    ~Resampler();
    Resampler(Resampler&&) noexcept;
    Resampler& operator=(Resampler&&) noexcept;

    /// What the options make of a format.
    [[nodiscard]] AudioFormat output_format(const AudioFormat& from) const noexcept;

    /// True if `next` begins another stretch: `drain` first.
    [[nodiscard]] bool ends_before(const PooledSamples& next) const noexcept;
    /// Samples that `convert` may give for a piece of so many; opens a stretch that begins with it. Throws FormatError if
    /// there is no way from the one format to the other. Allocates when a stretch begins with another format.
    [[nodiscard]] std::uint32_t prepare(const PooledSamples& from);
    /// Writes what comes of `from` into `to`, which must be its buffer's only handle and of the output format, with room for
    /// what `prepare` said; sets its header. False if nothing came yet.
    [[nodiscard]] bool convert(const PooledSamples& from, PooledSamples& to);

    /// Samples still inside the stretch; its output format.
    [[nodiscard]] std::uint32_t inside() const noexcept;
    [[nodiscard]] const AudioFormat& format_inside() const noexcept;
    /// Writes them into `to`, as `convert`, and ends the stretch. Call only if there are any; else `restart` does.
    void drain(PooledSamples& to);
    /// Ends the stretch; what is inside is discarded.
    void restart() noexcept;
    /// Where the stretch's input ends so far, in 1/rate of the input; no_time if it is not known.
    [[nodiscard]] std::int64_t input_end() const noexcept;
    [[nodiscard]] std::uint32_t input_rate() const noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace weir
