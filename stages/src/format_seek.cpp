// Going to another place in an open input.
#include "format_reader.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

namespace weir::detail {
namespace {

constexpr std::size_t furthest_ahead = 5000; ///< packets
constexpr std::int64_t second = AV_TIME_BASE;
/// How far before the place wanted one begins to look for a picture that needs no other: containers without an index of those
/// (transport streams) go to any packet.
constexpr std::array<std::int64_t, 5> steps_back{0, second, 3 * second, 10 * second, 30 * second};

} // namespace

std::string FormatReader::refuses_seek() const {
    const AVIOContext* io = context_->pb;
    if ((io && !(io->seekable & (AVIO_SEEKABLE_NORMAL | AVIO_SEEKABLE_TIME))) || (context_->ctx_flags & AVFMTCTX_UNSEEKABLE))
        return "one cannot go back in " + shown();
    return {};
}

void FormatReader::seek(std::chrono::nanoseconds time, std::stop_token stop) {
    stop_ = std::move(stop);
    const std::int64_t target = std::chrono::duration_cast<std::chrono::microseconds>(time).count() + start();
    const int pictures = stream_of_pictures();
    int result = 0;
    for (const std::int64_t back : steps_back) {
        result = go_to(target - back);
        if (result < 0 || pictures < 0 || read_ahead_to_key(pictures, target)) {
            rethrow_error();
            av::check(result, fmt::format("seeking to {} s in {}", std::chrono::duration<double>(time).count(), shown()));
            return;
        }
        if (target - back <= start())
            break;
    }
    // From where everything can be decoded. To a transport stream's first time is not always to its first packet.
    ahead_.clear();
    result = may_jump() ? av_seek_frame(context_.get(), -1, 0, AVSEEK_FLAG_BYTE) : go_to(start());
    rethrow_error();
    av::check(result, fmt::format("seeking to the beginning of {}", shown()));
}

int FormatReader::go_to(std::int64_t time) {
    ahead_.clear();
    constexpr std::int64_t any = std::numeric_limits<std::int64_t>::min();
    int result = avformat_seek_file(context_.get(), -1, any, time, time, 0);
    if (result < 0) // some demuxers know this call only
        result = av_seek_frame(context_.get(), -1, time, AVSEEK_FLAG_BACKWARD);
    if (result < 0) // there may be nothing before it
        result = avformat_seek_file(context_.get(), -1, any, time, std::numeric_limits<std::int64_t>::max(), 0);
    return result;
}

/// Of those that are wanted; -1 if there is none.
int FormatReader::stream_of_pictures() const noexcept {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        const AVStream& stream = *context_->streams[i];
        if (wanted_[i] && stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
            !(stream.disposition & AV_DISPOSITION_ATTACHED_PIC))
            return static_cast<int>(i);
    }
    return -1;
}

/// Keeps what is read, but for pictures before the first key one. False if that is later than `latest`.
bool FormatReader::read_ahead_to_key(int stream, std::int64_t latest) {
    const Rational base = av::from_av(context_->streams[stream]->time_base);
    constexpr Rational microseconds{1, AV_TIME_BASE};
    while (ahead_.size() < furthest_ahead) {
        av::PacketPtr packet = av::make_packet();
        if (av_read_frame(context_.get(), packet.get()) < 0)
            return false;
        if (packet->stream_index == stream) {
            const std::int64_t time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
            if (time != AV_NOPTS_VALUE && compare(time, base, latest, microseconds) > 0)
                return false;
            if (packet->flags & AV_PKT_FLAG_KEY) {
                ahead_.push_back(std::move(packet));
                return true;
            }
            continue;
        }
        ahead_.push_back(std::move(packet));
    }
    return false;
}

} // namespace weir::detail
