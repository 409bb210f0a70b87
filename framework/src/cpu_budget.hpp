#pragma once

namespace weir::detail {

/// How many threads can run at once here: the affinity mask, bounded by the cgroup's CPU quota (v2, or v1), at least 1.
[[nodiscard]] unsigned available_cpus();

} // namespace weir::detail
