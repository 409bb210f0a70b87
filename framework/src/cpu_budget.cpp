#include "cpu_budget.hpp"

#include <weir/pools/detail/control_group.hpp>

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <thread>

namespace weir::detail {
namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

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
    const std::string text = text_of_file(group + "/cpu.max");
    const auto space = std::min(text.find(' '), text.size());
    return ratio(std::string_view(text).substr(0, space), std::string_view(text).substr(std::min(space + 1, text.size())));
}

double quota_v1(const std::string& group) {
    return ratio(text_of_file(group + "/cpu.cfs_quota_us"), text_of_file(group + "/cpu.cfs_period_us"));
}

} // namespace

double control_group_cpus(const std::string& root) {
    double limit = unlimited;
    for (const ControlGroup& group : control_groups(root, "cpu"))
        limit = std::min(limit, group.version == 2 ? quota_v2(group.directory) : quota_v1(group.directory));
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
