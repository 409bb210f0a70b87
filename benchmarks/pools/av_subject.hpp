#pragma once
// FFmpeg's pool: AVBufferPool, whose handle is an AVBufferRef; what is copied is an AVFrame.
#include "subject.hpp"

extern "C" {
#include <libavutil/buffer.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
}

#include <new>

namespace bench {

struct AvPool {
    static constexpr const char* name = "avbufferpool";

    struct Unref {
        void operator()(AVBufferRef* buffer) const noexcept { av_buffer_unref(&buffer); }
    };
    using Handle = std::unique_ptr<AVBufferRef, Unref>;

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

/// av_frame_ref and av_frame_unref, into a frame that is there, as FFmpeg's own code does it.
inline double av_frame_copy(unsigned threads, std::size_t operations) {
    struct Free {
        void operator()(AVFrame* frame) const noexcept { av_frame_free(&frame); }
    };
    using Frame = std::unique_ptr<AVFrame, Free>;
    AvPool pool;
    const Frame frame(av_frame_alloc());
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = width;
    frame->height = height;
    frame->buf[0] = pool.acquire().release();
    av_image_fill_arrays(frame->data, frame->linesize, frame->buf[0]->data, AV_PIX_FMT_YUV420P, width, height, 64);
    return time_threads(threads, operations, [&](unsigned) {
        const Frame copy(av_frame_alloc());
        for (std::size_t i = 0; i < operations; ++i) {
            if (av_frame_ref(copy.get(), frame.get()) < 0)
                throw std::bad_alloc();
            av_frame_unref(copy.get());
        }
    });
}

} // namespace bench
