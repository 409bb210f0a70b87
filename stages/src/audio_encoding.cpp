#include "audio_encoding.hpp"

#include <weir/stages/timeline.hpp>

#include <fmt/format.h>

#include <utility>

namespace weir::detail {
namespace {

/// Sound whose positions nobody told, told what they are taken to be: that is no conversion.
bool only_named(const AudioFormat& from, const AudioFormat& to) {
    return from.layout.mask == 0 && from.layout.channels == to.layout.channels && from.sample_rate == to.sample_rate &&
           from.sample_format == to.sample_format;
}

} // namespace

AudioEncoding::AudioEncoding(StageContext& context, const AVCodec& codec, const LiveOptions<EncodeOptions>& options)
    : context_(context), codec_(codec), options_(options),
      threads_(options_->threads.automatic() ? context.codec_threads() : options_->threads.value),
      memory_(std::make_unique<ScratchMemory>(context)), converted_(context.counter("buffers converted")),
      retimed_(context.counter("timestamps moved")) {
    context.counter("codec threads").store(threads_, std::memory_order_relaxed);
}

void AudioEncoding::start(const PooledSamples& first) {
    av::CodecContextPtr context = encoder_context(codec_, options_->codec_options);
    first_ = first.format();
    target_ = nearest_format(codec_, *context, first_);
    context->sample_fmt = av::to_av(target_.sample_format);
    context->sample_rate = static_cast<int>(target_.sample_rate);
    av_channel_layout_uninit(&context->ch_layout);
    context->ch_layout = av::to_av(target_.layout);
    context->time_base = {1, context->sample_rate};
    open_encoder(*context, threads_, options_->experimental);
    const bool any_length = (codec_.capabilities & AV_CODEC_CAP_VARIABLE_FRAME_SIZE) != 0;
    const auto length = any_length ? 0 : static_cast<std::uint32_t>(context->frame_size);
    const Rational samples{1, context->sample_rate};
    encoder_ = std::make_unique<Encoder>(std::move(context), samples, Rational{0, 1}, inherited(first.header().side_data));
    chunks_.emplace(*memory_, length);
    resampler_.emplace(ResampleOptions{.rate = target_.sample_rate, .format = target_.sample_format, .layout = target_.layout});
    times_.emplace(static_cast<std::int32_t>(target_.sample_rate));
}

void AudioEncoding::say_converted(const AudioFormat& from) {
    if (options_->strict && from == first_)
        throw FormatError(
            fmt::format("strict: {} cannot take {} as it is, only {}", codec_.name, to_string(from), to_string(target_)));
    if (converted_.fetch_add(1, std::memory_order_relaxed) == 0)
        context_.info(fmt::format("{} is converted to {} for {}", to_string(from), to_string(target_), codec_.name));
}

void AudioEncoding::drain_resampler() {
    if (resampler_->inside() > 0) {
        PooledSamples rest = memory_->samples(resampler_->format_inside(), resampler_->inside());
        resampler_->drain(rest);
        chunk(std::move(rest));
    }
    resampler_->restart();
}

void AudioEncoding::add(PooledSamples piece) {
    if (piece.header().count == 0)
        return;
    // From here on times are the pipeline's own.
    piece.header().pts = timeline_pts(piece.header());
    if (piece.format() == target_ || only_named(piece.format(), target_)) {
        drain_resampler();
        piece.header().format = target_;
        chunk(std::move(piece));
        return;
    }
    say_converted(piece.format());
    if (resampler_->ends_before(piece))
        drain_resampler();
    const std::uint32_t most = resampler_->prepare(piece);
    PooledSamples result = memory_->samples(target_, most);
    if (resampler_->convert(piece, result))
        chunk(std::move(result));
}

void AudioEncoding::chunk(PooledSamples piece) {
    SampleHeader& header = piece.header();
    const SampleTimes::Place place = times_->place(header.pts, header.time_base, header.count);
    if (place.moved)
        retimed_.fetch_add(1, std::memory_order_relaxed);
    header.pts = place.pts;
    header.time_base = {1, static_cast<std::int32_t>(target_.sample_rate)};
    header.duration = header.count;
    header.side_data.reset();
    chunks_->add(piece);
    piece.reset();
    give(false);
}

void AudioEncoding::give(bool rest) {
    while (auto chunk = chunks_->take(rest)) {
        const std::int64_t entered = chunk->header().entered;
        encoder_->give(av::to_av(std::move(*chunk)), 0, entered); // libavcodec counts sound's durations itself
    }
}

void AudioEncoding::finish() {
    drain_resampler();
    give(true);
}

} // namespace weir::detail
