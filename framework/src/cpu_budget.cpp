#include "cpu_budget.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <string_view>
#include <thread>

namespace weir::detail {
namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

/// So much of each period; unlimited if that is not what they say ("max", -1).
double ratio(std::string_view quota, std::string_view period) {
    double of = 0;
    double each = 0;
    const auto number = [](std::string_view text, double& value) {
        return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{} && value > 0;
    };
    return number(quota, of) && number(period, each) ? of / each : unlimited;
}

/// Version 2: "quota period" in one file.
double quota_v2(const std::string& group) {
    const std::string line = first_line(group + "/cpu.max");
    const auto space = std::min(line.find(' '), line.size());
    return ratio(std::string_view(line).substr(0, space), std::string_view(line).substr(std::min(space + 1, line.size())));
}

double quota_v1(const std::string& group) {
    return ratio(first_line(group + "/cpu.cfs_quota_us"), first_line(group + "/cpu.cfs_period_us"));
}

/// The least of `group`, which is "" or begins with a slash, and the groups above it.
double least(const std::string& hierarchy, std::string group, double (*quota)(const std::string&)) {
    double limit = unlimited;
    for (;;) {
        limit = std::min(limit, quota(hierarchy + group));
        if (group.empty())
            return limit;
        group.erase(group.find_last_of('/'));
    }
}

} // namespace

double control_group_cpus(const std::string& root) {
    const std::string groups = root + "/sys/fs/cgroup";
    double limit = unlimited;
    // A line is "hierarchy:controllers:/path"; version 2 has the hierarchy 0 and no controllers. In a container the path may be
    // the host's, which is not there: then the groups above it, down to the container's own root, are.
    std::ifstream memberships(root + "/proc/self/cgroup");
    for (std::string line; std::getline(memberships, line);) {
        const auto first = line.find(':');
        const auto second = first == line.npos ? first : line.find(':', first + 1);
        if (second == line.npos || line.compare(second + 1, 1, "/") != 0)
            continue;
        const std::string controllers = ',' + line.substr(first + 1, second - first - 1) + ',';
        std::string group = line.substr(second + 1);
        while (group.ends_with('/'))
            group.pop_back();
        if (line.starts_with("0::"))
            limit = std::min(limit, least(groups, group, quota_v2));
        else if (controllers.find(",cpu,") != controllers.npos)
            limit = std::min(limit, least(groups + "/cpu", group, quota_v1));
    }
    return limit;
}

unsigned available_cpus(const std::string& root) {
    unsigned cpus = std::max(1u, std::thread::hardware_concurrency());
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) == 0)
        cpus = static_cast<unsigned>(std::max(1, CPU_COUNT(&mask)));
    const double quota = control_group_cpus(root);
    return quota < cpus ? std::max(1u, static_cast<unsigned>(std::ceil(quota))) : cpus;
}

} // namespace weir::detail
