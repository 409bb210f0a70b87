#pragma once
// A source of moving pictures whose every frame says which it is.
#include <weir/framework/options.hpp>
#include <weir/framework/stage.hpp>
#include <weir/stages/option_values.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir {

struct TestsrcOptions {
    std::uint32_t width = 1280;
    std::uint32_t height = 720;
    Rational rate{25, 1};    ///< frames a second
    std::int64_t frames = 0; ///< how many; 0: as `duration` says
    double duration = 0;     ///< seconds; 0: without end
    PixelFormat format = PixelFormat::yuv420p;
    std::vector<std::string> changes{}; ///< "4:640x360" or "4:640x360:yuv444p": what the pictures are from that second on
    std::uint32_t start = 0;            ///< the first frame's number

    [[nodiscard]] static const OptionTable<TestsrcOptions>& table();
};

/// out: video frames with times from 0 in 1/rate. Bars and a ramp that move, a square that bounces, the frame's number in
/// digits and, where the picture is at least 24 pixels wide, as a row of 24 black and white blocks along the top edge (each
/// 1/24 of the width and 1/16 of the height, at least 8 pixels high): the number in binary, most significant bit first, which
/// `read_frame_number` reads. Colour is BT.709 from 720 lines on, else BT.601; limited range, but for grey and RGB. Planar YUV
/// and grey are drawn in place; other formats are converted from yuv444p. Does not allocate between changes.
[[nodiscard]] std::unique_ptr<StageDefinition> testsrc(const TestsrcOptions& options = {});

} // namespace weir
