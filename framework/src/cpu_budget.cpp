#include "cpu_budget.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

namespace weir::detail {
namespace {

/// The path of this process in the cgroup hierarchy of `controller` ("" for version 2).
std::string cgroup_path(const std::string& controller) {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (second == std::string::npos)
            continue;
        const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
        if (controller.empty() ? names == ",," : names.find("," + controller + ",") != std::string::npos)
            return line.substr(second + 1);
    }
    return {};
}

/// The smallest quota on the way from this process's cgroup to the root, in CPUs; infinity if there is none.
double quota_v2() {
    double smallest = INFINITY;
    for (std::string path = cgroup_path("");; path.erase(path.find_last_of('/'))) {
        std::ifstream file("/sys/fs/cgroup" + path + "/cpu.max");
        std::string quota;
        double period = 0;
        if (file >> quota >> period && quota != "max" && period > 0)
            smallest = std::min(smallest, std::stod(quota) / period);
        if (path.find('/') == std::string::npos)
            return smallest;
    }
}

double quota_v1() {
    const std::string folder = "/sys/fs/cgroup/cpu" + cgroup_path("cpu");
    for (const std::string& place : {folder, std::string("/sys/fs/cgroup/cpu")}) {
        std::ifstream quota_file(place + "/cpu.cfs_quota_us");
        std::ifstream period_file(place + "/cpu.cfs_period_us");
        double quota = 0;
        double period = 0;
        if (quota_file >> quota && period_file >> period)
            return quota > 0 && period > 0 ? quota / period : INFINITY;
    }
    return INFINITY;
}

} // namespace

unsigned available_cpus() {
    unsigned cpus = std::max(1u, std::thread::hardware_concurrency());
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) == 0)
        cpus = static_cast<unsigned>(std::max(1, CPU_COUNT(&mask)));
    const double quota = std::min(quota_v2(), quota_v1());
    if (quota < cpus)
        cpus = std::max(1u, static_cast<unsigned>(std::lround(std::ceil(quota))));
    return cpus;
}

} // namespace weir::detail
