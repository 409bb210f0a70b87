#include <weir/pools/detail/control_group.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

namespace weir::detail {

// By C's means: libstdc++'s streams and paths do not survive that memory runs out.
std::string text_of_file(const std::string& path) {
    struct Close {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "re"));
    std::array<char, 16384> text;
    return file ? std::string(text.data(), std::fread(text.data(), 1, text.size(), file.get())) : std::string();
}

std::vector<ControlGroup> control_groups(const std::string& root, std::string_view controller) {
    const std::string mounts = root + "/sys/fs/cgroup";
    const std::string memberships = text_of_file(root + "/proc/self/cgroup");
    const std::string wanted = ',' + std::string(controller) + ',';
    std::vector<ControlGroup> groups;
    // A line is "hierarchy:controllers:/path"; version 2 has the hierarchy 0 and no controllers. In a container the path may be
    // the host's, which is not there: then the groups above it, down to the container's own root, are.
    for (std::string_view rest = memberships; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        const auto first = line.find(':');
        const auto second = first == line.npos ? first : line.find(':', first + 1);
        if (second == line.npos || !line.substr(second + 1).starts_with('/'))
            continue;
        const int version = line.starts_with("0::") ? 2 : 1;
        const std::string controllers = ',' + std::string(line.substr(first + 1, second - first - 1)) + ',';
        if (version == 1 && controllers.find(wanted) == controllers.npos)
            continue;
        const std::string mount = version == 2 ? mounts : mounts + '/' + std::string(controller);
        std::string_view group = line.substr(second + 1);
        while (group.ends_with('/'))
            group.remove_suffix(1);
        for (;; group = group.substr(0, group.rfind('/'))) {
            groups.push_back({version, mount + std::string(group)});
            if (group.empty())
                break;
        }
    }
    return groups;
}

} // namespace weir::detail
