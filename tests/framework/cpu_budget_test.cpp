// How many workers an engine has if nobody says.
#include <weir/framework/engine.hpp>

#include "../../framework/src/cpu_budget.hpp"
#include "../support/file_machine.hpp"

#include <catch2/catch.hpp>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <thread>

using support::FileMachine;
using weir::detail::available_cpus;
using weir::detail::control_group_cpus;

TEST_CASE("the CPU quota of a control group and of those above it is the limit", "[engine][budget]") {
    const FileMachine machine;
    machine.write("proc/self/cgroup", "0::/system/service");
    CHECK(std::isinf(control_group_cpus(machine.root())));
    machine.write("sys/fs/cgroup/system/service/cpu.max", "350000 100000");
    CHECK(control_group_cpus(machine.root()) == 3.5);
    machine.write("sys/fs/cgroup/system/cpu.max", "50000 100000");
    CHECK(control_group_cpus(machine.root()) == 0.5);
    machine.write("sys/fs/cgroup/cpu.max", "200000 100000");
    machine.write("sys/fs/cgroup/system/cpu.max", "max 100000");
    CHECK(control_group_cpus(machine.root()) == 2);
}

TEST_CASE("version 1 of control groups counts, too, and a container's root where the path is the host's", "[engine][budget]") {
    const FileMachine machine;
    machine.write("proc/self/cgroup", "7:memory:/a\n4:cpu,cpuacct:/docker/not-here");
    machine.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1");
    machine.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
    CHECK(std::isinf(control_group_cpus(machine.root())));
    machine.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000");
    CHECK(control_group_cpus(machine.root()) == 1.5);
}

TEST_CASE("what is no quota is none", "[engine][budget]") {
    const FileMachine machine;
    machine.write("proc/self/cgroup", "nothing\n0::\n0::/a");
    for (const char* text : {"", "max", "100000", "-5 100000", "100000 0", "many 100000"}) {
        machine.write("sys/fs/cgroup/a/cpu.max", text);
        CHECK(std::isinf(control_group_cpus(machine.root())));
    }
}

TEST_CASE("a quota of a part of a CPU is one worker, and none is more than there are CPUs", "[engine][budget]") {
    const FileMachine machine;
    const unsigned cpus = available_cpus(machine.root());
    machine.write("proc/self/cgroup", "0::/");
    machine.write("sys/fs/cgroup/cpu.max", "20000 100000");
    CHECK(available_cpus(machine.root()) == 1);
    machine.write("sys/fs/cgroup/cpu.max", "110000 100000");
    CHECK(available_cpus(machine.root()) == std::min(2u, cpus));
    machine.write("sys/fs/cgroup/cpu.max", "100000000 100000");
    CHECK(available_cpus(machine.root()) == cpus);
}

TEST_CASE("an engine has no more workers than the affinity mask has CPUs", "[engine][budget]") {
    unsigned workers = 0;
    bool set = false;
    std::thread([&] {
        cpu_set_t mask;
        CPU_ZERO(&mask);
        const int cpu = sched_getcpu();
        if (cpu < 0 || cpu >= CPU_SETSIZE)
            return;
        CPU_SET(static_cast<std::size_t>(cpu), &mask);
        set = sched_setaffinity(0, sizeof mask, &mask) == 0; // this thread's
        workers = weir::Engine().threads();
    }).join();
    REQUIRE(set);
    CHECK(workers == 1);
}
