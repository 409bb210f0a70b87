#pragma once
// The same ten stages as GStreamer's `queue ! identity`: each with a thread of its own, as GStreamer's users decouple stages.
#include "pass_through.hpp"

#include <gst/gst.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace bench {

class GstChain {
public:
    GstChain() { gst_init(nullptr, nullptr); }

    /// Sends so many empty buffers through; nanoseconds a hop.
    static double pass_through(int items) {
        std::string text = "fakesrc sizetype=empty num-buffers=" + std::to_string(items);
        for (int i = 0; i < hops; ++i) // the last before the sink: as many hops as the others have
            text += i == stages ? " ! queue" : " ! queue ! identity silent=true";
        text += " ! fakesink sync=false silent=true";
        GError* error = nullptr;
        GstElement* pipeline = gst_parse_launch(text.c_str(), &error);
        if (!pipeline || error)
            throw std::runtime_error("GStreamer has no such pipeline: " + std::string(error ? error->message : ""));
        GstBus* bus = gst_element_get_bus(pipeline);
        const auto begin = std::chrono::steady_clock::now();
        gst_element_set_state(pipeline, GST_STATE_PLAYING);
        GstMessage* message = gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE,
                                                         static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
        const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
        const bool ended = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
        gst_message_unref(message);
        gst_object_unref(bus);
        gst_element_set_state(pipeline, GST_STATE_NULL);
        gst_object_unref(pipeline);
        if (!ended)
            throw std::runtime_error("GStreamer's pipeline failed");
        return time.count() / (static_cast<double>(items) * hops);
    }
};

} // namespace bench
