#pragma once
// A sink that writes a line with a hash for every frame: to compare what pipelines give.
#include <weir/framework/options.hpp>
#include <weir/framework/stage.hpp>

#include <memory>
#include <string>

namespace weir {

struct FramehashOptions {
    std::string target{};   ///< a file, or "-" for standard output
    bool overwrite = false; ///< an existing file may be replaced

    [[nodiscard]] static const OptionTable<FramehashOptions>& table();
};

/// in: video frames or audio samples, whatever is connected. Writes `pts,format,md5`: pts in the frame's time base ("none" if
/// unknown); format as "1920x1080 yuv420p10le", with FFmpeg's name, or "48000 Hz stereo fltp"; MD5 of the visible picture's
/// planes tightly packed one after the other (the palette last), or of the samples as they are stored, plane after plane.
/// The file appears when it is whole; after an error there is none.
[[nodiscard]] std::unique_ptr<StageDefinition> framehash(const FramehashOptions& options);

} // namespace weir
