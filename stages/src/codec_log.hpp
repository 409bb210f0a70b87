#pragma once
// The reasons that FFmpeg's libraries give in their log.
#include <string>
#include <string_view>

namespace weir::detail {

/// While it lives, what FFmpeg's libraries log as errors on this thread is kept. One at a time on a thread; never across a
/// suspension. Does nothing unless `take_over_codec_log` was called.
class CodecComplaints {
public:
    CodecComplaints() noexcept;
    ~CodecComplaints();
    CodecComplaints(const CodecComplaints&) = delete;
    CodecComplaints& operator=(const CodecComplaints&) = delete;

    /// As av::check, with what was complained of in the text.
    int check(int code, std::string_view what) const;

private:
    friend void keep_complaint(const std::string& line);
    std::string lines_;
};

} // namespace weir::detail
