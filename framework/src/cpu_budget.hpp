#pragma once
#include <string>

namespace weir::detail {

/// How many threads can run at once here: the calling thread's affinity mask, bounded by the CPU quota of the process's control
/// groups, rounded up; at least 1. /proc and /sys are looked for below `root`.
[[nodiscard]] unsigned available_cpus(const std::string& root = "");

/// The smallest CPU quota (version 2, or the cpu controller of version 1) of the process's control groups and those above them,
/// in CPUs; infinity where there is none.
[[nodiscard]] double control_group_cpus(const std::string& root);

} // namespace weir::detail
