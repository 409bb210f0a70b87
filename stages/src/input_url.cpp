#include "input_url.hpp"

#include <weir/framework/redact.hpp>

extern "C" {
#include <libavformat/avio.h>
}

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace weir::detail {
namespace {

constexpr std::string_view scheme_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";

struct Scheme {
    std::string_view name;
    std::string_view protocols;
};

constexpr std::string_view http = "http,https,httpproxy,tls,tcp,crypto,data";
constexpr std::string_view rtmp = "rtmp,rtmpe,rtmps,rtmpt,rtmpte,rtmpts,ffrtmphttp,ffrtmpcrypt,http,https,tls,tcp";
constexpr std::string_view rtsp = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https";

/// What each kind of input needs. None of them reaches `file`: what comes from the network, or from inside a file, does not
/// get to read this machine's files.
constexpr std::array schemes{
    Scheme{"http", http},
    Scheme{"https", http},
    Scheme{"hls", http},
    Scheme{"rtmp", rtmp},
    Scheme{"rtmpe", rtmp},
    Scheme{"rtmps", rtmp},
    Scheme{"rtmpt", rtmp},
    Scheme{"rtmpte", rtmp},
    Scheme{"rtmpts", rtmp},
    Scheme{"rtsp", rtsp},
    Scheme{"rtsps", rtsp},
    Scheme{"rtp", "rtp,srtp,udp"},
    Scheme{"srtp", "rtp,srtp,udp"},
    Scheme{"udp", "udp"},
    Scheme{"tls", "tls,tcp"},
    Scheme{"ftp", "ftp,tcp"},
    Scheme{"mmsh", "mmsh,http,tcp"},
    Scheme{"mmst", "mmst,tcp"},
    Scheme{"pipe", "pipe,crypto,data"},
    Scheme{"concat", "concat,http,https,httpproxy,tls,tcp,crypto,data"},
    Scheme{"crypto", "crypto,http,https,httpproxy,tls,tcp,data"},
    Scheme{"subfile", "subfile,http,https,httpproxy,tls,tcp,crypto,data"},
};

/// What lies in the input itself.
constexpr const char* nothing_else = "crypto,data";

std::string_view scheme_of(std::string_view name) {
    const std::size_t length = name.find_first_not_of(scheme_characters);
    if (length == std::string_view::npos || length == 0)
        return {};
    // subfile,,start,0,end,0,,:name
    return name[length] == ':' || (name[length] == ',' && name.starts_with("subfile,")) ? name.substr(0, length)
                                                                                        : std::string_view();
}

InputUrl local_file(std::string_view path) {
    InputUrl result;
    result.path = path;
    result.url = path;
    result.protocols = nothing_else;
    struct stat status{};
    if (::stat(result.path.c_str(), &status) != 0)
        result.pattern = path.find('%') != std::string_view::npos;
    else
        result.endpoint = !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISBLK(status.st_mode);
    return result;
}

} // namespace

InputUrl input_url(std::string_view name) {
    if (name.empty())
        throw std::runtime_error("an empty name is no file and no URL");
    if (name == "-")
        name = "pipe:0";
    const std::string_view scheme = scheme_of(name);
    if (scheme.empty())
        return local_file(name);
    if (scheme == "file") {
        name.remove_prefix(scheme.size() + 1);
        return local_file(name.starts_with("//") ? name.substr(2) : name);
    }
    InputUrl result;
    result.url = name;
    result.endpoint = true;
    for (const Scheme& known : schemes)
        if (known.name == scheme)
            result.protocols = known.protocols;
    if (result.protocols.empty()) {
        if (!avio_find_protocol_name(result.url.c_str()))
            throw std::runtime_error(fmt::format("'{}': there is no protocol '{}' (a file of that name: file:{})",
                                                 redact_url(name), scheme, redact_url(name)));
        result.protocols = fmt::format("{},crypto,data", scheme);
    }
    return result;
}

InputUrl bytes_url(std::string name, bool endpoint) {
    InputUrl result;
    result.url = std::move(name);
    result.protocols = nothing_else;
    result.endpoint = endpoint;
    return result;
}

} // namespace weir::detail
