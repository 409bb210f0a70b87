#include "../../pools/src/memory_limit.hpp"
#include "../support/file_machine.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <string>

using support::FileMachine;
using weir::detail::control_group_memory;

namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

} // namespace

TEST_CASE("the memory of a control group and of those above it is the limit", "[pools][budget]") {
    const FileMachine machine;
    machine.write("proc/self/cgroup", "0::/system/service");
    machine.write("sys/fs/cgroup/system/service/memory.max", "3000");
    CHECK(control_group_memory(machine.root()) == 3000);
    machine.write("sys/fs/cgroup/system/memory.max", "2000");
    CHECK(control_group_memory(machine.root()) == 2000);
    machine.write("sys/fs/cgroup/memory.max", "4000");
    CHECK(control_group_memory(machine.root()) == 2000);
    machine.write("sys/fs/cgroup/system/memory.max", "max");
    CHECK(control_group_memory(machine.root()) == 3000);
}

TEST_CASE("in a container whose path is the host's the root's limit counts", "[pools][budget]") {
    const FileMachine machine;
    machine.write("proc/self/cgroup", "0::/not/here");
    machine.write("sys/fs/cgroup/memory.max", "5000");
    CHECK(control_group_memory(machine.root()) == 5000);
}

TEST_CASE("control groups of version 1 are read as well", "[pools][budget]") {
    const FileMachine machine;
    machine.write("proc/self/cgroup", "5:cpu,memory:/one\n3:cpuset:/two\nnonsense\n0::/");
    machine.write("sys/fs/cgroup/memory/one/memory.limit_in_bytes", "7000");
    CHECK(control_group_memory(machine.root()) == 7000);
}

TEST_CASE("where control groups say nothing there is no limit but the machine's", "[pools][budget]") {
    const FileMachine machine;
    CHECK(control_group_memory(machine.root()) == unlimited);
    machine.write("proc/self/cgroup", "0::/a");
    machine.write("sys/fs/cgroup/a/memory.max", "max");
    CHECK(control_group_memory(machine.root()) == unlimited);
    CHECK(weir::detail::usable_memory(machine.root()) < unlimited);
    machine.write("sys/fs/cgroup/a/memory.max", "100");
    CHECK(weir::detail::usable_memory(machine.root()) == 100);
}
