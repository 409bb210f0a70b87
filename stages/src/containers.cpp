// Which container, and what it can hold.
#include <weir/framework/options.hpp>
#include <weir/framework/redact.hpp>

#include "av_options.hpp"
#include "file_part.hpp"

extern "C" {
#include <libavutil/opt.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace weir::detail {

const AVOutputFormat& find_container(const OutputName& name, const std::string& format) {
    if (!format.empty()) {
        const AVOutputFormat* chosen = av_guess_format(format.c_str(), nullptr, nullptr);
        if (chosen)
            return *chosen;
        std::vector<std::string> names;
        void* position = nullptr;
        while (const AVOutputFormat* one = av_muxer_iterate(&position))
            names.emplace_back(one->name);
        const auto meant = nearest(format, names);
        throw OptionError(fmt::format("format: there is no container '{}'{}", format,
                                      meant ? fmt::format(" (did you mean '{}'?)", *meant) : ""),
                          "format");
    }
    const std::string& shown = name.path.empty() ? name.text : name.path;
    if (const AVOutputFormat* guessed = av_guess_format(nullptr, shown.c_str(), nullptr))
        return *guessed;
    for (const auto& [scheme, container] :
         {std::pair{"rtmp", "flv"}, {"rtsp", "rtsp"}, {"udp", "mpegts"}, {"srt", "mpegts"}, {"rtp", "rtp_mpegts"}})
        if (name.kind == OutputName::Kind::url && name.text.starts_with(scheme))
            if (const AVOutputFormat* usual = av_guess_format(container, nullptr, nullptr))
                return *usual;
    throw OptionError(fmt::format("'{}' does not end in a container's name: say format=...", redact_url(name.text)), "format");
}

void check_container_options(const AVOutputFormat& container, const OutputName& name,
                             const std::map<std::string, std::string>& options) {
    if (name.kind == OutputName::Kind::url || (container.flags & AVFMT_NOFILE))
        return; // what protocols and muxers within muxers take is seen when they are opened
    check_option_names(options, {fmt::format("the container {}", container.name),
                                 {container.priv_class, avformat_get_class()},
                                 AV_OPT_FLAG_ENCODING_PARAM});
}

namespace {

/// MPEG-TS takes anything as private data, which nobody can read again.
bool readable_in_mpegts(AVCodecID id, AVMediaType type) {
    constexpr std::array known{AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_MPEG4, AV_CODEC_ID_H264,
                               AV_CODEC_ID_HEVC,       AV_CODEC_ID_CAVS,       AV_CODEC_ID_DIRAC, AV_CODEC_ID_VC1,
                               AV_CODEC_ID_MP1,        AV_CODEC_ID_MP2,        AV_CODEC_ID_MP3,   AV_CODEC_ID_AAC,
                               AV_CODEC_ID_AAC_LATM,   AV_CODEC_ID_AC3,        AV_CODEC_ID_EAC3,  AV_CODEC_ID_DTS,
                               AV_CODEC_ID_TRUEHD,     AV_CODEC_ID_OPUS,       AV_CODEC_ID_S302M};
    return (type != AVMEDIA_TYPE_VIDEO && type != AVMEDIA_TYPE_AUDIO) ||
           std::find(known.begin(), known.end(), id) != known.end();
}

} // namespace

void adapt_to_bytes(const AVOutputFormat& container, bool seekable, std::map<std::string, std::string>& options) {
    if (container.flags & AVFMT_NOFILE)
        throw GraphError(fmt::format("the container {} makes files of its own and cannot be given to an application as bytes",
                                     container.name));
    // MP4 and its like say at their beginning, or at their end, what is where; in fragments they do not have to go back.
    const AVClass* own = container.priv_class;
    if (!own || !av_opt_find(&own, "movflags", nullptr, 0, AV_OPT_SEARCH_FAKE_OBJ))
        return;
    const auto given = options.find("movflags");
    if (given != options.end() && given->second.find("faststart") != std::string::npos)
        throw OptionError("movflags: faststart reads again what was written, which an application's bytes cannot be",
                          "movflags");
    if (seekable)
        return;
    if (given == options.end())
        options["movflags"] = "frag_keyframe+empty_moov+default_base_moof";
    else if (given->second.find("frag") == std::string::npos && given->second.find("cmaf") == std::string::npos)
        throw OptionError(fmt::format("movflags: {} goes back to what was written, which these bytes cannot: add "
                                      "frag_keyframe+empty_moov, leave movflags out, or give a ByteWriter that can seek",
                                      container.name),
                          "movflags");
}

void require_holds(const AVOutputFormat& container, const PacketFormat& format, const std::string& input) {
    const AVCodecDescriptor* codec = avcodec_descriptor_get_by_name(format.codec.c_str());
    if (!codec)
        return;
    const bool transport_stream = std::string_view(container.name) == "mpegts";
    if (transport_stream ? readable_in_mpegts(codec->id, codec->type)
                         : avformat_query_codec(&container, codec->id, FF_COMPLIANCE_EXPERIMENTAL) != 0)
        return;
    throw GraphError(fmt::format("{}: {} in codec {} does not fit into the container {}", input, to_string(format.media),
                                 format.codec, container.name));
}

} // namespace weir::detail
