#pragma once
// GStreamer's pool: GstVideoBufferPool.
#include "subject.hpp"

#include <gst/video/gstvideopool.h>
#include <gst/video/video.h>

#include <memory>
#include <stdexcept>

namespace bench {

struct GstPool {
    static constexpr const char* name = "gstvideobufferpool";

    struct Unref {
        void operator()(GstBuffer* buffer) const noexcept { gst_buffer_unref(buffer); }
    };
    using Handle = std::unique_ptr<GstBuffer, Unref>;
    struct Copies {
        void again() const { gst_buffer_unref(gst_buffer_ref(buffer.get())); }
        const Handle& buffer;
    };

    GstPool() {
        gst_init(nullptr, nullptr);
        pool_ = gst_video_buffer_pool_new();
        GstVideoInfo info;
        gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, width, height);
        GstCaps* caps = gst_video_info_to_caps(&info);
        GstStructure* config = gst_buffer_pool_get_config(pool_);
        gst_buffer_pool_config_set_params(config, caps, static_cast<guint>(info.size), most_out, most_out);
        gst_caps_unref(caps);
        if (!gst_buffer_pool_set_config(pool_, config) || !gst_buffer_pool_set_active(pool_, TRUE))
            throw std::runtime_error("GstVideoBufferPool does not start");
    }
    ~GstPool() {
        gst_buffer_pool_set_active(pool_, FALSE);
        gst_object_unref(pool_);
    }
    GstPool(const GstPool&) = delete;
    GstPool& operator=(const GstPool&) = delete;

    Handle acquire() {
        GstBuffer* buffer = nullptr;
        if (gst_buffer_pool_acquire_buffer(pool_, &buffer, nullptr) != GST_FLOW_OK)
            throw std::runtime_error("GstVideoBufferPool gives nothing");
        return Handle(buffer);
    }

private:
    GstBufferPool* pool_ = nullptr;
};

} // namespace bench
