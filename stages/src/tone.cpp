#include <weir/pools/errors.hpp>
#include <weir/pools/layout.hpp>
#include <weir/stages/tone.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace weir {
namespace {

AudioFormat format_of(const ToneOptions& options) { return {options.format, options.layout, options.rate}; }

std::int64_t sample_count(const ToneOptions& options) {
    if (options.samples > 0)
        return options.samples;
    if (options.duration <= 0)
        return std::numeric_limits<std::int64_t>::max();
    return std::llround(options.duration * options.rate);
}

/// -1 to 1 in whatever a sample is stored as.
template <class Sample> Sample stored(double value) noexcept {
    if constexpr (std::is_floating_point_v<Sample>) {
        return static_cast<Sample>(value);
    } else if constexpr (std::is_unsigned_v<Sample>) {
        return static_cast<Sample>(std::lround(value * 127) + 128);
    } else {
        // the largest double below the largest sample: 64-bit samples have more bits than a double
        constexpr double scale = static_cast<double>(std::numeric_limits<Sample>::max() - (sizeof(Sample) == 8 ? 1023 : 0));
        return static_cast<Sample>(std::llround(value * scale));
    }
}

template <class Sample>
void write_channel(const ToneOptions& options, PooledSamples& into, std::uint32_t channel, std::int64_t first) {
    const bool planar = is_planar(options.format);
    const std::uint32_t channels = options.layout.channels;
    auto* samples = reinterpret_cast<Sample*>(into.writable_plane(planar ? channel : 0)) + (planar ? 0 : channel);
    const std::uint32_t step = planar ? 1 : channels;
    const double cycles = options.frequency * (1 + 0.25 * channel) / options.rate; // a sample
    for (std::uint32_t i = 0; i < into.header().count; ++i) {
        // whole cycles taken away first: late samples are as exact as early ones
        const double at = static_cast<double>(first + i) * cycles;
        samples[std::size_t{i} * step] =
            stored<Sample>(options.volume * std::sin(2 * std::numbers::pi * (at - std::floor(at))));
    }
}

void write(const ToneOptions& options, PooledSamples& into, std::int64_t first) {
    for (std::uint32_t channel = 0; channel < options.layout.channels; ++channel) {
        switch (options.format) {
        case SampleFormat::u8:
        case SampleFormat::u8p: write_channel<std::uint8_t>(options, into, channel, first); break;
        case SampleFormat::s16:
        case SampleFormat::s16p: write_channel<std::int16_t>(options, into, channel, first); break;
        case SampleFormat::s32:
        case SampleFormat::s32p: write_channel<std::int32_t>(options, into, channel, first); break;
        case SampleFormat::s64:
        case SampleFormat::s64p: write_channel<std::int64_t>(options, into, channel, first); break;
        case SampleFormat::flt:
        case SampleFormat::fltp: write_channel<float>(options, into, channel, first); break;
        case SampleFormat::dbl:
        case SampleFormat::dblp: write_channel<double>(options, into, channel, first); break;
        case SampleFormat::none: break;
        }
    }
}

Process run_tone(Output<PooledSamples> out, ToneOptions options, std::int64_t begin) {
    const AudioFormat format = format_of(options);
    const std::int64_t total = sample_count(options);
    for (std::int64_t first = begin; first < total;) {
        const auto count = static_cast<std::uint32_t>(std::min<std::int64_t>(options.frame, total - first));
        PooledSamples piece = co_await out.acquire(format, options.frame);
        piece.header().count = count;
        piece.header().pts = first;
        piece.header().duration = count;
        piece.header().time_base = {1, static_cast<std::int32_t>(options.rate)};
        write(options, piece, first);
        first += count;
        const bool wanted = co_await out.put(std::move(piece));
        if (!wanted)
            co_return;
    }
}

class ToneStage final : public StageDefinition {
public:
    explicit ToneStage(const ToneOptions& options) : options_(options) {}

    [[nodiscard]] std::string type() const override { return "tone"; }
    void declare(Ports& ports) override { static_cast<void>(ports.output<PooledSamples>("out")); }
    void open(OpenContext&) override { first_ = 0; }
    [[nodiscard]] Process run(StageContext&, Ports& ports) override {
        return run_tone(ports.get_output<PooledSamples>("out"), options_, first_);
    }
    [[nodiscard]] std::string refuses_seek(const Ports&) const override { return {}; }
    void seek(const Position& to, const std::stop_token&) override {
        first_ = rescale_down(to.time.count(), nanosecond, {1, static_cast<std::int32_t>(options_.rate)});
    }

private:
    ToneOptions options_;
    std::int64_t first_ = 0;
};

} // namespace

const OptionTable<ToneOptions>& ToneOptions::table() {
    static const auto table = [] {
        OptionTable<ToneOptions> t;
        t.add("rate", &ToneOptions::rate, {.help = "samples a second", .unit = "Hz", .min = 1, .max = 3'072'000})
            .add("layout", &ToneOptions::layout, {.help = "channel layout, such as stereo or 5.1, or a number of channels"})
            .add("format", &ToneOptions::format, {.help = "sample format, such as s16 or fltp"})
            .add("frequency", &ToneOptions::frequency,
                 {.help = "of the first channel; each further one is a quarter of it higher",
                  .unit = "Hz",
                  .min = 0,
                  .max = 1e6})
            .add("volume", &ToneOptions::volume, {.help = "of full scale", .min = 0, .max = 1})
            .add("duration", &ToneOptions::duration, {.help = "length; 0: without end", .unit = "s", .min = 0, .max = 1e9})
            .add("samples", &ToneOptions::samples, {.help = "how many of each channel; 0: as duration says", .min = 0})
            .add("frame", &ToneOptions::frame, {.help = "samples in a piece", .min = 1, .max = 1'048'576});
        return t;
    }();
    return table;
}

std::unique_ptr<StageDefinition> tone(const ToneOptions& options) {
    ToneOptions::table().check(options);
    try {
        static_cast<void>(sample_layout(format_of(options), options.frame));
    } catch (const FormatError& error) {
        throw OptionError(std::string("tone: ") + error.what(), "format");
    }
    return std::make_unique<ToneStage>(options);
}

} // namespace weir
