// The one place where FFmpeg's error codes become exceptions.
#include <weir/stages/av.hpp>

extern "C" {
#include <libavutil/error.h>
}

#include <array>
#include <new>

namespace weir {

AvError::AvError(const std::string& what, int code) : std::runtime_error(what + ": " + av::error_text(code)), code_(code) {}

namespace av {

std::string error_text(int code) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
    if (av_strerror(code, text.data(), text.size()) < 0)
        return "error " + std::to_string(code);
    return text.data();
}

int check(int code, std::string_view what) {
    if (code >= 0)
        return code;
    if (code == AVERROR(ENOMEM))
        throw std::bad_alloc();
    throw AvError(std::string(what), code);
}

} // namespace av
} // namespace weir
