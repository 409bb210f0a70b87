#include <weir/pools/errors.hpp>
#include <weir/stages/av.hpp>
#include <weir/stages/resampler.hpp>

#include <algorithm>
#include <array>
#include <limits>

extern "C" {
#include <libswresample/swresample.h>
}

namespace weir {
namespace {

constexpr std::uint32_t most_channels = 64; // of libswresample

struct FreeSwr {
    void operator()(SwrContext* context) const noexcept { swr_free(&context); }
};
using Swr = std::unique_ptr<SwrContext, FreeSwr>;
using Planes = std::array<std::uint8_t*, most_channels>;
using ConstPlanes = std::array<const std::uint8_t*, most_channels>;

Rational per_sample(std::uint32_t rate) noexcept { return {1, static_cast<std::int32_t>(rate)}; }

void check(const AudioFormat& format) {
    if (format.sample_format == SampleFormat::none || format.layout.channels == 0 || format.layout.channels > most_channels ||
        format.sample_rate == 0 || format.sample_rate > std::numeric_limits<std::int32_t>::max())
        throw FormatError("sound of " + to_string(format) + " cannot be resampled");
}

Swr open(const AudioFormat& from, const AudioFormat& to) {
    check(from);
    check(to);
    AVChannelLayout in = av::to_av(from.layout);
    AVChannelLayout out = av::to_av(to.layout);
    SwrContext* context = nullptr;
    const int made = swr_alloc_set_opts2(&context, &out, av::to_av(to.sample_format), static_cast<int>(to.sample_rate), &in,
                                         av::to_av(from.sample_format), static_cast<int>(from.sample_rate), 0, nullptr);
    Swr result(context);
    int code = made;
    if (code >= 0)
        code = swr_init(result.get());
    if (code < 0)
        throw FormatError("no conversion from " + to_string(from) + " to " + to_string(to) + ": " + av::error_text(code));
    return result;
}

/// From sample `first` of the piece on.
Planes planes_of(PooledSamples& samples, std::uint32_t first) {
    Planes planes{};
    const AudioFormat& format = samples.format();
    const bool planar = is_planar(format.sample_format);
    const std::size_t step = std::size_t{bytes_per_sample(format.sample_format)} * (planar ? 1 : format.layout.channels);
    for (std::uint32_t i = 0; i < samples.planes(); ++i)
        planes.at(i) = reinterpret_cast<std::uint8_t*>(samples.writable_plane(i)) + first * step;
    return planes;
}

ConstPlanes planes_of(const PooledSamples& samples) {
    ConstPlanes planes{};
    for (std::uint32_t i = 0; i < samples.planes(); ++i)
        planes.at(i) = reinterpret_cast<const std::uint8_t*>(samples.plane(i));
    return planes;
}

} // namespace

const OptionTable<ResampleOptions>& ResampleOptions::table() {
    static const auto table = [] {
        OptionTable<ResampleOptions> t;
        t.add("rate", &ResampleOptions::rate,
              {.help = "samples a second; as the input if not given", .unit = "Hz", .min = 1, .max = 3'072'000})
            .add("format", &ResampleOptions::format, {.help = "sample format, such as s16 or fltp; as the input if not given"})
            .add("layout", &ResampleOptions::layout,
                 {.help = "channel layout, such as stereo or 5.1, or a number of channels; as the input if not given"});
        return t;
    }();
    return table;
}

struct Resampler::Impl {
    ResampleOptions options;
    Swr swr;
    AudioFormat from; ///< what `swr` is open for
    AudioFormat to;
    // the stretch under way
    bool open = false;
    std::int64_t first = no_time; ///< input time of its first sample, in 1/rate of the input
    std::int64_t in_count = 0;
    std::int64_t out_count = 0;
    SampleHeader latest; ///< of its last piece
    // what came before
    std::int64_t previous_end = no_time; ///< in 1/rate of the output then
    std::uint32_t previous_rate = 0;

    [[nodiscard]] bool changes_rate() const noexcept { return from.sample_rate != to.sample_rate; }
    [[nodiscard]] std::int64_t time_in(const SampleHeader& header) const noexcept {
        if (header.pts == no_time || !header.time_base.valid())
            return no_time;
        return rescale(header.pts, header.time_base, per_sample(from.sample_rate));
    }
    /// Where that many input samples end in the output.
    [[nodiscard]] std::int64_t out_position(std::int64_t samples) const noexcept {
        return rescale((first == no_time ? 0 : first) + samples, per_sample(from.sample_rate), per_sample(to.sample_rate));
    }
    void write_header(PooledSamples& into, std::uint32_t count) {
        SampleHeader& header = into.header();
        header.format = to;
        header.count = count;
        header.offset = 0;
        header.side_data = latest.side_data;
        header.entered = latest.entered;
        header.pts = first == no_time ? no_time : out_position(0) + out_count;
        header.duration = count;
        header.time_base = per_sample(to.sample_rate);
        out_count += count;
    }
    void begin(const PooledSamples& piece, const AudioFormat& wanted);
    std::uint32_t take_out(PooledSamples& into, std::uint32_t from_sample, std::uint32_t room, const ConstPlanes* input,
                           std::uint32_t count);
};

void Resampler::Impl::begin(const PooledSamples& piece, const AudioFormat& wanted) {
    if (!swr || from != piece.format() || to != wanted) {
        swr = weir::open(piece.format(), wanted);
        from = piece.format();
        to = wanted;
    } else {
        swr_close(swr.get());
        av::check(swr_init(swr.get()), "libswresample");
    }
    open = true;
    in_count = out_count = 0;
    first = time_in(piece.header());
    if (first == no_time && previous_end != no_time)
        first = rescale(previous_end, per_sample(previous_rate), per_sample(from.sample_rate));
}

std::uint32_t Resampler::Impl::take_out(PooledSamples& into, std::uint32_t from_sample, std::uint32_t room,
                                        const ConstPlanes* input, std::uint32_t count) {
    Planes planes = planes_of(into, from_sample);
    // libswresample reads through it, and takes the pointers themselves as not const
    const std::uint8_t** in = input ? const_cast<const std::uint8_t**>(input->data()) : nullptr;
    const int got = swr_convert(swr.get(), planes.data(), static_cast<int>(room), in, static_cast<int>(count));
    return static_cast<std::uint32_t>(av::check(got, "libswresample"));
}

Resampler::Resampler(const ResampleOptions& options) : impl_(std::make_unique<Impl>()) { impl_->options = options; }
Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;

AudioFormat Resampler::output_format(const AudioFormat& from) const noexcept {
    const ResampleOptions& wanted = impl_->options;
    return {wanted.format == SampleFormat::none ? from.sample_format : wanted.format,
            wanted.layout.channels == 0 ? from.layout : wanted.layout, wanted.rate == 0 ? from.sample_rate : wanted.rate};
}

bool Resampler::ends_before(const PooledSamples& next) const noexcept {
    const Impl& s = *impl_;
    if (!s.open)
        return false;
    if (next.format() != s.from)
        return true;
    const std::int64_t time = s.time_in(next.header());
    if (!s.changes_rate() || time == no_time)
        return false;
    if (s.first == no_time || shift_of(next.header().side_data) != shift_of(s.latest.side_data))
        return true;
    const std::int64_t jump = time - (s.first + s.in_count);
    const std::int64_t tolerated = s.from.sample_rate / 25; // 40 ms
    return jump >= tolerated || jump <= -tolerated;
}

std::uint32_t Resampler::prepare(const PooledSamples& from) {
    Impl& s = *impl_;
    const AudioFormat wanted = output_format(from.format());
    if (!s.open)
        s.begin(from, wanted);
    const std::uint32_t count = from.header().count;
    if (!s.changes_rate())
        return std::max(count, 1u);
    const int room = swr_get_out_samples(s.swr.get(), static_cast<int>(count));
    return static_cast<std::uint32_t>(std::max(av::check(room, "libswresample"), 1));
}

bool Resampler::convert(const PooledSamples& from, PooledSamples& to) {
    Impl& s = *impl_;
    const ConstPlanes input = planes_of(from);
    const std::uint32_t got = s.take_out(to, 0, to.header().count, &input, from.header().count);
    s.latest = from.header();
    s.in_count += from.header().count;
    s.write_header(to, got);
    if (!s.changes_rate()) {
        to.header().pts = from.header().pts;
        to.header().duration = from.header().duration;
        to.header().time_base = from.header().time_base;
    }
    return got > 0;
}

std::uint32_t Resampler::inside() const noexcept {
    const Impl& s = *impl_;
    if (!s.open || !s.changes_rate())
        return 0;
    const std::int64_t left = s.out_position(s.in_count) - s.out_position(0) - s.out_count;
    return static_cast<std::uint32_t>(std::max<std::int64_t>(left, 0));
}

const AudioFormat& Resampler::format_inside() const noexcept { return impl_->to; }

void Resampler::drain(PooledSamples& to) {
    Impl& s = *impl_;
    const std::uint32_t count = inside();
    std::uint32_t got = s.take_out(to, 0, count, nullptr, 0);
    // Of a stretch shorter than its filter libswresample gives nothing back: it is let run out into silence.
    while (got < count) {
        av::check(swr_inject_silence(s.swr.get(), 1024), "libswresample");
        got += s.take_out(to, got, count - got, nullptr, 0);
    }
    s.write_header(to, count);
    restart();
}

void Resampler::restart() noexcept {
    Impl& s = *impl_;
    if (s.open && s.first != no_time) {
        s.previous_end = s.out_position(s.in_count);
        s.previous_rate = s.to.sample_rate;
    }
    s.open = false;
}

std::int64_t Resampler::input_end() const noexcept {
    const Impl& s = *impl_;
    return s.open && s.first != no_time ? s.first + s.in_count : no_time;
}

std::uint32_t Resampler::input_rate() const noexcept { return impl_->from.sample_rate; }

} // namespace weir
