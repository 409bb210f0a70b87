#pragma once
// Pictures in pixel formats that Weir has no name for: converted once, where they enter.
#include <weir/stages/av.hpp>

#include <memory>

struct SwsContext;

namespace weir::detail {

/// The named format that loses least of `format`. `none` if swscale cannot read it.
[[nodiscard]] PixelFormat nearest_named(AVPixelFormat format) noexcept;

/// Converts decoded frames into frames of ours of the same size. Belongs to one thread at a time.
class SwsBridge {
public:
    /// `to` has the frame's size and the format `nearest_named` gave; it gets no header. Throws AvError.
    void convert(const AVFrame& from, PooledFrame& to);

private:
    struct Free {
        void operator()(SwsContext* context) const noexcept;
    };
    std::unique_ptr<SwsContext, Free> context_;
};

} // namespace weir::detail
