#include "memory_limit.hpp"

#include <weir/pools/detail/control_group.hpp>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace weir::detail {
namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

/// The number in a file; unlimited if it says "max" or cannot be read.
std::size_t number_in(const std::string& path) {
    const std::string text = text_of_file(path);
    std::size_t value = 0;
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{} ? value : unlimited;
}

} // namespace

std::size_t control_group_memory(const std::string& root) {
    std::size_t limit = unlimited;
    for (const ControlGroup& group : control_groups(root, "memory"))
        limit = std::min(limit, number_in(group.directory + (group.version == 2 ? "/memory.max" : "/memory.limit_in_bytes")));
    return limit;
}

std::size_t usable_memory(const std::string& root) {
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long page = ::sysconf(_SC_PAGESIZE);
    const std::size_t machine =
        pages > 0 && page > 0 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(page) : unlimited;
    return std::min(machine, control_group_memory(root));
}

} // namespace weir::detail
