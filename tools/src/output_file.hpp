#pragma once
// A small file that is there whole or not at all.
#include <string>
#include <string_view>

namespace weir::tools {

/// Writes a temporary file beside the target and renames it; "-" is standard output, and what is no ordinary file (a pipe, a
/// device) is written to directly. An existing file keeps its mode. Throws std::system_error.
void write_file(const std::string& path, std::string_view content);

} // namespace weir::tools
