#pragma once
// What an input's name says: where it lies, and what may be opened on its behalf.
#include <string>
#include <string_view>

namespace weir::detail {

struct InputUrl {
    std::string url;       ///< for FFmpeg; "-" has become "pipe:0"
    std::string path;      ///< of a local file; empty if it is anything else
    std::string protocols; ///< a list for FFmpeg: what the input itself may open besides; a file: no other file
    bool pattern = false;  ///< a sequence of pictures: img%03d.png
    bool endpoint = false; ///< may wait for ever: network, pipe, device
};

/// Looks at the file system, does not open anything. Throws std::runtime_error for a protocol FFmpeg does not have.
[[nodiscard]] InputUrl input_url(std::string_view name);
/// An application's bytes under this name: they may open nothing else.
[[nodiscard]] InputUrl bytes_url(std::string name, bool endpoint);

} // namespace weir::detail
