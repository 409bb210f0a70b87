#include "byte_input.hpp"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/mem.h>
}

#include <cerrno>
#include <new>
#include <stdexcept>
#include <utility>

namespace weir::detail {
namespace {

constexpr int buffer_bytes = 32 * 1024;

} // namespace

ByteInput::ByteInput(std::shared_ptr<ByteReader> reader, std::function<IoLimit()> limit)
    : reader_(std::move(reader)), limit_(std::move(limit)) {
    const bool seekable = reader_->seekable();
    auto* buffer = static_cast<unsigned char*>(av_malloc(buffer_bytes));
    io_ = buffer ? avio_alloc_context(buffer, buffer_bytes, 0, this, &ByteInput::read, nullptr,
                                      seekable ? &ByteInput::seek : nullptr)
                 : nullptr;
    if (!io_) {
        av_free(buffer);
        throw std::bad_alloc();
    }
}

ByteInput::~ByteInput() {
    av_freep(&io_->buffer);
    avio_context_free(&io_);
}

int ByteInput::read(void* opaque, std::uint8_t* into, int size) noexcept {
    auto& self = *static_cast<ByteInput*>(opaque);
    if (self.error_)
        return AVERROR_EXTERNAL;
    try {
        const IoLimit limit = self.limit_();
        if (limit.reached())
            return AVERROR_EXIT;
        const std::span bytes(reinterpret_cast<std::byte*>(into), static_cast<std::size_t>(size));
        const std::size_t count = self.reader_->read(bytes, limit);
        if (count > bytes.size())
            throw std::logic_error(self.reader_->name() + ": the reader says that it read more than it was asked for");
        if (limit.reached())
            return AVERROR_EXIT;
        return count == 0 ? AVERROR_EOF : static_cast<int>(count);
    } catch (...) {
        self.error_ = std::current_exception();
        return AVERROR_EXTERNAL;
    }
}

std::int64_t ByteInput::seek(void* opaque, std::int64_t offset, int whence) noexcept {
    auto& self = *static_cast<ByteInput*>(opaque);
    if (self.error_)
        return AVERROR_EXTERNAL;
    try {
        if (whence & AVSEEK_SIZE) {
            const auto size = self.reader_->size();
            return size ? static_cast<std::int64_t>(*size) : AVERROR(ENOSYS);
        }
        if ((whence & ~AVSEEK_FORCE) != SEEK_SET || offset < 0)
            return AVERROR(EINVAL);
        self.reader_->seek(static_cast<std::uint64_t>(offset));
        return offset;
    } catch (...) {
        self.error_ = std::current_exception();
        return AVERROR_EXTERNAL;
    }
}

} // namespace weir::detail
