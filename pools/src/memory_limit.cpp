#include "memory_limit.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <memory>
#include <string_view>

namespace weir::detail {
namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

/// The beginning of a small file; empty if it cannot be read. (By C's means: libstdc++'s paths do not survive that
/// memory runs out.)
std::string text_of(const std::string& path) {
    struct Close {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "re"));
    std::array<char, 16384> text;
    return file ? std::string(text.data(), std::fread(text.data(), 1, text.size(), file.get())) : std::string();
}

/// The number in a file; unlimited if it says "max" or cannot be read.
std::size_t number_in(const std::string& path) {
    const std::string text = text_of(path);
    std::size_t value = 0;
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{} ? value : unlimited;
}

/// The least number in files of that name in `group`, which is "" or begins with a slash, and the groups above it.
std::size_t least(const std::string& hierarchy, std::string_view group, const char* name) {
    std::size_t limit = unlimited;
    for (;;) {
        limit = std::min(limit, number_in(hierarchy + std::string(group) + '/' + name));
        if (group.empty())
            return limit;
        group = group.substr(0, group.rfind('/'));
    }
}

} // namespace

std::size_t control_group_memory(const std::string& root) {
    const std::string groups = root + "/sys/fs/cgroup";
    const std::string memberships = text_of(root + "/proc/self/cgroup");
    std::size_t limit = unlimited;
    // A line is "hierarchy:controllers:/path"; version 2 has the hierarchy 0 and no controllers. In a container the path
    // may be the host's, which is not there: then the groups above it, down to the container's own root, are.
    for (std::string_view rest = memberships; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        const auto first = line.find(':');
        const auto second = first == line.npos ? first : line.find(':', first + 1);
        if (second == line.npos || !line.substr(second + 1).starts_with('/'))
            continue;
        const std::string controllers = ',' + std::string(line.substr(first + 1, second - first - 1)) + ',';
        std::string_view group = line.substr(second + 1);
        while (group.ends_with('/'))
            group.remove_suffix(1);
        if (line.starts_with("0::"))
            limit = std::min(limit, least(groups, group, "memory.max"));
        else if (controllers.find(",memory,") != controllers.npos)
            limit = std::min(limit, least(groups + "/memory", group, "memory.limit_in_bytes"));
    }
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
