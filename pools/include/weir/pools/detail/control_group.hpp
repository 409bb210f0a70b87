#pragma once
// The control groups that this process is in.
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

struct ControlGroup {
    int version = 2;       ///< of the interface, 1 or 2: its files have other names in each
    std::string directory; ///< where its files are, if it is visible from here at all
};

/// The groups whose limits of that controller ("cpu", "memory") hold: the process's own and all above, in both versions.
/// `root` is put before absolute paths. Allocates. Source: the kernel's cgroups(7).
[[nodiscard]] std::vector<ControlGroup> control_groups(const std::string& root, std::string_view controller);

/// The beginning of a small file, at most 16 KiB; empty if it cannot be read. Throws std::bad_alloc.
[[nodiscard]] std::string text_of_file(const std::string& path);

} // namespace weir::detail
