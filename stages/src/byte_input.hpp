#pragma once
// libavformat's way to read an application's bytes.
#include <weir/framework/byte_reader.hpp>

extern "C" {
#include <libavformat/avio.h>
}

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>

namespace weir::detail {

/// Called by one thread at a time; FFmpeg calls back on that thread.
class ByteInput {
public:
    /// `limit` says how long a read may take, each time. Throws std::bad_alloc.
    ByteInput(std::shared_ptr<ByteReader> reader, std::function<IoLimit()> limit);
    ~ByteInput();
    ByteInput(const ByteInput&) = delete;
    ByteInput& operator=(const ByteInput&) = delete;

    [[nodiscard]] AVIOContext* io() const noexcept { return io_; }
    /// What the reader threw, if it did: FFmpeg knows of "an I/O error" only, or takes it for the end. It is not called again.
    void rethrow_error() const {
        if (error_)
            std::rethrow_exception(error_);
    }

private:
    static int read(void* self, std::uint8_t* into, int size) noexcept;
    static std::int64_t seek(void* self, std::int64_t offset, int whence) noexcept;

    std::shared_ptr<ByteReader> reader_;
    std::function<IoLimit()> limit_;
    AVIOContext* io_ = nullptr;
    std::exception_ptr error_;
};

} // namespace weir::detail
