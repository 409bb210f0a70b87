#include "byte_output.hpp"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/mem.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <utility>

namespace weir::detail {
namespace {

constexpr int buffer_bytes = 256 * 1024;

} // namespace

ByteOutput::ByteOutput(std::shared_ptr<ByteWriter> writer, std::string container)
    : writer_(std::move(writer)), container_(std::move(container)), seekable_(writer_->seekable()) {
    auto* buffer = static_cast<unsigned char*>(av_malloc(buffer_bytes));
    // It can always be asked to seek: some muxers do not look whether that is possible, and what they do not get shall be said.
    io_ = buffer ? avio_alloc_context(buffer, buffer_bytes, 1, this, nullptr, &ByteOutput::write, &ByteOutput::seek) : nullptr;
    if (!io_) {
        av_free(buffer);
        throw std::bad_alloc();
    }
    if (!seekable_)
        io_->seekable = 0;
}

ByteOutput::~ByteOutput() {
    av_freep(&io_->buffer);
    avio_context_free(&io_);
}

int ByteOutput::write(void* opaque, std::uint8_t* data, int size) noexcept {
    auto& self = *static_cast<ByteOutput*>(opaque);
    if (self.error_)
        return AVERROR_EXTERNAL;
    if (size <= 0)
        return 0;
    try {
        if (self.limit_.reached())
            return AVERROR_EXIT;
        if (self.refused_)
            throw std::runtime_error(fmt::format("the container {} goes back to change what was written, and '{}' cannot: use "
                                                 "mpegts or matroska, or a ByteWriter that can seek",
                                                 self.container_, self.writer_->name()));
        const std::span bytes(reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(size));
        const bool wants_more = self.writer_->write(bytes, self.limit_);
        if (self.limit_.reached())
            return AVERROR_EXIT;
        if (!wants_more)
            throw OutputClosed();
        self.position_ += size;
        self.size_ = std::max(self.size_, self.position_);
        return size;
    } catch (...) {
        self.error_ = std::current_exception();
        return AVERROR_EXTERNAL;
    }
}

std::int64_t ByteOutput::seek_to(std::int64_t offset, int whence) {
    if (whence & AVSEEK_SIZE)
        return size_;
    if ((whence & ~AVSEEK_FORCE) != SEEK_SET || offset < 0)
        return AVERROR(EINVAL);
    if (offset == position_)
        return offset;
    if (!seekable_) {
        refused_ = true; // some can do without; who writes all the same did not look
        return AVERROR(ESPIPE);
    }
    writer_->seek(static_cast<std::uint64_t>(offset));
    position_ = offset;
    return offset;
}

std::int64_t ByteOutput::seek(void* opaque, std::int64_t offset, int whence) noexcept {
    auto& self = *static_cast<ByteOutput*>(opaque);
    if (self.error_)
        return AVERROR_EXTERNAL;
    try {
        return self.seek_to(offset, whence);
    } catch (...) {
        self.error_ = std::current_exception();
        return AVERROR_EXTERNAL;
    }
}

} // namespace weir::detail
