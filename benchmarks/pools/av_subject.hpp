#pragma once
// FFmpeg's pool: AVBufferPool, whose handle is an AVBufferRef; what is copied is an AVFrame.
#include "subject.hpp"

extern "C" {
#include <libavutil/buffer.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
}

#include <memory>
#include <new>

namespace bench {

struct AvPool {
    static constexpr const char* name = "avbufferpool";

    struct Unref {
        void operator()(AVBufferRef* buffer) const noexcept { av_buffer_unref(&buffer); }
    };
    using Handle = std::unique_ptr<AVBufferRef, Unref>;

    /// av_frame_ref and av_frame_unref, into a frame that is there, as FFmpeg's own code does it.
    class Copies {
    public:
        explicit Copies(const Handle& buffer) {
            frame_->format = AV_PIX_FMT_YUV420P;
            frame_->width = width;
            frame_->height = height;
            frame_->buf[0] = av_buffer_ref(buffer.get());
            av_image_fill_arrays(frame_->data, frame_->linesize, buffer->data, AV_PIX_FMT_YUV420P, width, height, 64);
        }
        void again() {
            if (av_frame_ref(copy_.get(), frame_.get()) < 0)
                throw std::bad_alloc();
            av_frame_unref(copy_.get());
        }

    private:
        struct Free {
            void operator()(AVFrame* frame) const noexcept { av_frame_free(&frame); }
        };
        std::unique_ptr<AVFrame, Free> frame_{av_frame_alloc()};
        std::unique_ptr<AVFrame, Free> copy_{av_frame_alloc()};
    };

    AvPool() : pool_(av_buffer_pool_init(static_cast<std::size_t>(bytes()), nullptr)) {
        std::array<Handle, most_out> warm;
        for (Handle& buffer : warm)
            buffer = acquire();
    }
    ~AvPool() { av_buffer_pool_uninit(&pool_); }
    AvPool(const AvPool&) = delete;
    AvPool& operator=(const AvPool&) = delete;

    Handle acquire() {
        Handle buffer(av_buffer_pool_get(pool_));
        if (!buffer)
            throw std::bad_alloc();
        return buffer;
    }

private:
    static int bytes() { return av_image_get_buffer_size(AV_PIX_FMT_YUV420P, width, height, 64); }
    AVBufferPool* pool_;
};

} // namespace bench
