#include "codec_log.hpp"

#include <weir/framework/redact.hpp>
#include <weir/pools/detail/mutex.hpp>
#include <weir/stages/av.hpp>
#include <weir/stages/codec_log.hpp>

extern "C" {
#include <libavutil/log.h>
}

#include <array>
#include <chrono>
#include <cstdarg>
#include <utility>

namespace weir {
namespace detail {
namespace {

constexpr int most_lines_a_second = 10;
constexpr std::size_t longest_complaint = 400; ///< characters in an error's text

/// What stays the same for the life of the process, once it is taken over.
struct Sink {
    Mutex mutex;
    std::function<void(LogLevel, const std::string&)> log WEIR_GUARDED_BY(mutex);
    std::chrono::steady_clock::time_point second WEIR_GUARDED_BY(mutex);
    int lines WEIR_GUARDED_BY(mutex) = 0;
    std::size_t held_back WEIR_GUARDED_BY(mutex) = 0;
};

Sink& sink() {
    static Sink& instance = *new Sink; // codecs' threads may log to the very end
    return instance;
}

thread_local CodecComplaints* listener = nullptr;
thread_local std::string unfinished; ///< libraries write lines in pieces

} // namespace

CodecComplaints::CodecComplaints() noexcept { listener = this; }
CodecComplaints::~CodecComplaints() { listener = nullptr; }

void keep_complaint(const std::string& line) {
    if (!listener || listener->lines_.size() > longest_complaint)
        return;
    listener->lines_ += (listener->lines_.empty() ? "" : "; ") + line;
}

int CodecComplaints::check(int code, std::string_view what) const {
    if (code >= 0 || lines_.empty() || code == AVERROR(ENOMEM))
        return av::check(code, what);
    // The line says more than the code, which is often just "invalid argument".
    throw AvError(std::string(what) + ": " + lines_, code);
}

namespace {

void pass_on(LogLevel level, std::string line) {
    Sink& to = sink();
    std::function<void(LogLevel, const std::string&)> log;
    {
        const Lock lock(to.mutex);
        const auto now = std::chrono::steady_clock::now();
        if (now - to.second >= std::chrono::seconds(1)) {
            to.second = now;
            to.lines = 0;
            if (const std::size_t held = std::exchange(to.held_back, 0))
                line += " (and " + std::to_string(held) + " more lines before)";
        }
        if (++to.lines > most_lines_a_second) {
            ++to.held_back;
            return;
        }
        log = to.log;
    }
    if (log)
        log(level, line);
}

void on_log(void* object, int level, const char* format, va_list arguments) {
    if ((level & 0xff) > AV_LOG_WARNING)
        return;
    try {
        std::array<char, 1024> piece{};
        // Without FFmpeg's own prefix, which has addresses in it: the name is enough.
        const AVClass* const kind = object ? *static_cast<const AVClass* const*>(object) : nullptr;
        int prefix = 0;
        if (av_log_format_line2(object, level, format, arguments, piece.data(), static_cast<int>(piece.size()), &prefix) < 0)
            return;
        unfinished += piece.data();
        const std::size_t end = unfinished.find('\n');
        if (end == std::string::npos)
            return;
        std::string line = std::exchange(unfinished, {});
        line.erase(end);
        if (line.empty())
            return;
        if (kind && kind->item_name)
            line = std::string(kind->item_name(object)) + ": " + line;
        line = redact_urls(line);
        const bool error = (level & 0xff) <= AV_LOG_ERROR;
        if (error)
            keep_complaint(line);
        pass_on(error ? LogLevel::warning : LogLevel::info, std::move(line));
    } catch (...) {
        unfinished.clear(); // no memory for words
    }
}

} // namespace
} // namespace detail

void take_over_codec_log(std::function<void(LogLevel, const std::string&)> log) {
    {
        detail::Sink& to = detail::sink();
        const detail::Lock lock(to.mutex);
        to.log = std::move(log);
    }
    av_log_set_callback(&detail::on_log);
}

} // namespace weir
