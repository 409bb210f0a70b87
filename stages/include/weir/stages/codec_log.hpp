#pragma once
// What FFmpeg's libraries have to say.
#include <weir/framework/engine.hpp>

#include <functional>
#include <string>

namespace weir {

/// From now on what FFmpeg's libraries log goes to `log`, line by line: their errors as warnings (a damaged packet is no
/// failure of ours), their warnings as information, nothing below. URLs are redacted. Lines that would be said more than some
/// times a second are counted instead. Also, what a library says while it refuses to open something becomes part of the
/// AvError.
///
/// For programs: it replaces FFmpeg's callback for the whole process. Without it FFmpeg writes to stderr as it likes. Call it
/// once, before anything else. `log` is called on any thread.
void take_over_codec_log(std::function<void(LogLevel, const std::string&)> log);

} // namespace weir
