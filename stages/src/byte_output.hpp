#pragma once
// libavformat's way to write bytes to an application.
#include <weir/framework/byte_writer.hpp>

extern "C" {
#include <libavformat/avio.h>
}

#include <cstdint>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>

namespace weir::detail {

/// The application wants no more: no error, and the end of the stage.
struct OutputClosed final : std::exception {
    [[nodiscard]] const char* what() const noexcept override { return "nobody wants more of the output"; }
};

/// Called by one thread at a time; FFmpeg calls back on that thread.
class ByteOutput {
public:
    /// `container` is for messages. Throws std::bad_alloc.
    ByteOutput(std::shared_ptr<ByteWriter> writer, std::string container);
    ~ByteOutput(); ///< what is still buffered is discarded
    ByteOutput(const ByteOutput&) = delete;
    ByteOutput& operator=(const ByteOutput&) = delete;

    [[nodiscard]] AVIOContext* io() const noexcept { return io_; }
    void set_stop(std::stop_token stop) noexcept { limit_.stop = std::move(stop); }
    /// Hands on what is buffered.
    void flush() noexcept { avio_flush(io_); }
    /// What the writer threw, OutputClosed, or that the container has to go back where that is not possible. FFmpeg knows of
    /// "an I/O error" only, or ignores it. The writer is not called again.
    void rethrow_error() const {
        if (error_)
            std::rethrow_exception(error_);
    }

private:
    static int write(void* self, std::uint8_t* data, int size) noexcept;
    static std::int64_t seek(void* self, std::int64_t offset, int whence) noexcept;
    [[nodiscard]] std::int64_t seek_to(std::int64_t offset, int whence);

    std::shared_ptr<ByteWriter> writer_;
    std::string container_;
    bool seekable_;
    IoLimit limit_;
    std::int64_t position_ = 0;
    std::int64_t size_ = 0;
    bool refused_ = false; ///< the container was not given a seek that it asked for
    AVIOContext* io_ = nullptr;
    std::exception_ptr error_;
};

} // namespace weir::detail
