#include "video_encoding.hpp"

#include <weir/framework/error.hpp>
#include <weir/stages/timeline.hpp>

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weir::detail {
namespace {

constexpr std::int64_t longest_hole =
    std::int64_t{30} * 3600; ///< seconds that may pass between two pictures, as for the ffmpeg command

/// Codecs that refuse pictures whose last chroma row or column is half empty.
bool needs_whole_chroma(AVCodecID id) noexcept {
    return id == AV_CODEC_ID_H264 || id == AV_CODEC_ID_HEVC || id == AV_CODEC_ID_AV1;
}

std::uint32_t whole(std::uint32_t size, std::uint32_t log2) noexcept {
    const std::uint32_t step = 1u << log2;
    return std::max(size / step * step, step);
}

} // namespace

VideoEncoding::VideoEncoding(StageContext& context, const AVCodec& codec, const LiveOptions<EncodeOptions>& options)
    : context_(context), codec_(codec), options_(options),
      threads_(options_->threads.automatic() ? context.codec_threads() : options_->threads.value), memory_(context),
      converted_(context.counter("frames converted")), retimed_(context.counter("timestamps moved")) {
    context.counter("codec threads").store(threads_, std::memory_order_relaxed);
}

VideoEncoding::Look VideoEncoding::look_of(const PooledFrame& frame) noexcept {
    Look look{frame.format(), frame.header().colour, frame.header().sample_aspect};
    look.colour.chroma_location = 0; // no reason to begin anew
    if (!look.sample_aspect.valid())
        look.sample_aspect = {0, 1};
    return look;
}

bool VideoEncoding::is_change(const PooledFrame& frame) const noexcept { return look_of(frame) != first_; }

void VideoEncoding::choose_target(const PooledFrame& first) {
    const FrameHeader& header = first.header();
    first_ = look_of(first);
    target_ = first.format();
    if (options_->pixel_format != PixelFormat::none)
        target_.pixel_format = options_->pixel_format;
    target_format_ = nearest_format(codec_, target_.pixel_format);
    const PixelFormat nearest = av::from_av(target_format_);
    if (nearest == PixelFormat::none)
        throw FormatError(fmt::format("the encoder {} takes no pixel format that {} could become", codec_.name,
                                      to_string(target_.pixel_format)));
    target_.pixel_format = nearest;
    if (needs_whole_chroma(codec_.id)) {
        const PixelFormatInfo& info = describe(nearest);
        target_.width = whole(target_.width, info.log2_chroma_w);
        target_.height = whole(target_.height, info.log2_chroma_h);
    }
    target_colour_ = header.colour;
    if (nearest != first.format().pixel_format)
        target_colour_ = Scaler().output_colour(first.format().pixel_format, header.colour, nearest);
    if (av::full_range(target_format_) || codec_.id == AV_CODEC_ID_MJPEG) // JPEG knows no other
        target_colour_.range = ColourRange::full;

    ScaleOptions wish{.width = static_cast<int>(target_.width), .height = static_cast<int>(target_.height), .format = nearest};
    const PixelFormatInfo& info = describe(nearest);
    if (!info.rgb && info.planes > 1) {
        // What is not said means limited range; later pictures are to be like that too.
        wish.range = target_colour_.range == ColourRange::unspecified ? ColourRange::limited : target_colour_.range;
        wish.matrix = target_colour_.matrix;
    }
    scaler_.emplace(wish);
}

void VideoEncoding::start(const PooledFrame& first) {
    static_cast<void>(options_.refresh());
    choose_target(first);
    av::CodecContextPtr context = encoder_context(codec_, options_->codec_options);
    const FrameHeader& header = first.header();
    const Rational before = timing_.stamps;
    timing_ = encoder_timing(codec_, header);
    context->width = static_cast<int>(target_.width);
    context->height = static_cast<int>(target_.height);
    context->pix_fmt = target_format_;
    context->time_base = timing_.codec;
    context->framerate = header.frame_rate.valid() ? av::to_av(header.frame_rate) : AVRational{0, 1};
    context->sample_aspect_ratio = header.sample_aspect.valid() ? av::to_av(header.sample_aspect) : AVRational{0, 1};
    AVFrame colour{}; // only for its colour's fields
    av::set_colour(colour, target_colour_);
    context->color_range = colour.color_range;
    context->color_primaries = colour.color_primaries;
    context->color_trc = colour.color_trc;
    context->colorspace = colour.colorspace;
    context->chroma_sample_location = colour.chroma_location;
    switch (header.fields) {
    case FieldOrder::progressive: context->field_order = AV_FIELD_PROGRESSIVE; break;
    case FieldOrder::top_first: context->field_order = AV_FIELD_TT; break;
    case FieldOrder::bottom_first: context->field_order = AV_FIELD_BB; break;
    }
    open_encoder(*context, threads_, options_->experimental);
    encoder_ = std::make_unique<Encoder>(std::move(context), timing_.stamps, header.frame_rate, inherited(header.side_data));

    frame_ticks_ = 1;
    if (header.frame_rate.valid())
        frame_ticks_ = std::max<std::int64_t>(1, rescale(1, {header.frame_rate.den, header.frame_rate.num}, timing_.stamps));
    if (before.valid()) { // opened anew: times go on where they were
        last_pts_ = rescale(last_pts_, before, timing_.stamps);
        moved_ = rescale(moved_, before, timing_.stamps);
    }
}

std::int64_t VideoEncoding::next_pts(const FrameHeader& header) {
    const Rational base = header.time_base.valid() ? header.time_base : timing_.stamps;
    std::int64_t pts = rescale(timeline_pts(header), base, timing_.stamps);
    if (last_pts_ != no_time && pts > last_pts_ + rescale(longest_hole, {1, 1}, timing_.stamps))
        pts = no_time; // nonsense
    if (pts == no_time) {
        pts = last_pts_ == no_time ? 0 : last_pts_ + frame_ticks_;
        context_.counter("timestamps made up").fetch_add(1, std::memory_order_relaxed);
    } else {
        pts += moved_;
        const std::int64_t tenth = rescale(1, {1, 10}, timing_.stamps);
        if (last_pts_ != no_time && pts < last_pts_ - tenth) {
            // The source's clock went back and nobody said so: everything from here on is later.
            moved_ += last_pts_ + frame_ticks_ - pts;
            context_.warn("back", fmt::format("the pictures' times go back by {:.3f} s: what follows goes on evenly",
                                              seconds(last_pts_ - pts, timing_.stamps)));
            pts = last_pts_ + frame_ticks_;
            retimed_.fetch_add(1, std::memory_order_relaxed);
        } else if (last_pts_ != no_time && pts <= last_pts_) {
            pts = last_pts_ + 1;
            retimed_.fetch_add(1, std::memory_order_relaxed);
            context_.warn("times", "a picture's time is not after that of the one before: moved by what was needed");
        }
    }
    last_pts_ = pts;
    return pts;
}

void VideoEncoding::say_converted(const PooledFrame& frame) {
    const auto text = [&](const VideoFormat& format, const Colour& colour) {
        return frame.format() == target_ ? fmt::format("{} ({})", to_string(format), to_string(colour)) : to_string(format);
    };
    const std::string from = text(frame.format(), frame.header().colour);
    const std::string to = text(target_, target_colour_);
    if (options_->strict && look_of(frame) == first_)
        throw FormatError(fmt::format("strict: {} cannot take {} as it is, only {}", codec_.name, from, to));
    if (converted_.fetch_add(1, std::memory_order_relaxed) == 0)
        context_.info(fmt::format("{} is converted to {} for {}", from, to, codec_.name));
}

PooledFrame VideoEncoding::fit(PooledFrame frame) {
    const VideoFormat from = frame.format();
    if (from == target_ && look_of(frame) == first_ && target_colour_ == frame.header().colour)
        return frame;
    scaler_->prepare(from);
    if (scaler_->keeps_pixels(frame, target_))
        return frame;
    say_converted(frame);
    if (look_of(frame) == first_ && from.pixel_format == target_.pixel_format && from.width >= target_.width &&
        from.height >= target_.height)
        return frame.view({0, 0, target_.width, target_.height}); // only an odd column or row too many
    return convert(frame);
}

PooledFrame VideoEncoding::convert(const PooledFrame& frame) {
    PooledFrame result = memory_.frame(target_);
    scaler_->convert(frame, result);
    return result;
}

void VideoEncoding::add(PooledFrame frame) {
    const std::int64_t pts = next_pts(frame.header());
    const Rational base = frame.header().time_base.valid() ? frame.header().time_base : timing_.stamps;
    // MP4 does not show a last picture that lasts no time: what nobody knows is taken to be one frame.
    const std::int64_t known = rescale(frame.header().duration, base, timing_.stamps);
    const std::int64_t duration = known > 0 ? known : frame_ticks_;
    const std::int64_t entered = frame.header().entered;
    av::FramePtr picture = av::to_av(fit(std::move(frame)));
    picture->format = target_format_;
    picture->pts = pts;
    picture->pict_type = AV_PICTURE_TYPE_NONE;
    picture->key_frame = 0;
    picture->time_base = timing_.codec;
    if (options_.refresh())
        encoder_->change(options_->codec_options);
    encoder_->give(std::move(picture), duration, entered);
}

} // namespace weir::detail
