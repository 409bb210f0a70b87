#pragma once
// How much memory there is for this process.
#include <cstddef>
#include <string>

namespace weir::detail {

/// The least of the machine's memory and what the process's control groups (version 2, or the memory controller of
/// version 1) allow, themselves and those above them. /proc and /sys are looked for below `root`.
[[nodiscard]] std::size_t usable_memory(const std::string& root = "");

/// Only what the control groups allow; the largest std::size_t where they do not say.
[[nodiscard]] std::size_t control_group_memory(const std::string& root);

} // namespace weir::detail
