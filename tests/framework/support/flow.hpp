#pragma once
// What the tests of native nodes share.
#include <weir/framework/flow.hpp>

#include "engines.hpp"

#include <atomic>
#include <cstdint>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace support {

namespace flow = weir::flow;
using Frame = flow::Message<weir::PooledFrame>;
using Number = flow::Message<int>;

inline std::vector<int> up_to(int count) {
    std::vector<int> result(static_cast<std::size_t>(count));
    std::iota(result.begin(), result.end(), 0);
    return result;
}

inline std::uint64_t counter(const weir::Pipeline& pipeline, const std::string& stage, const std::string& name) {
    for (const weir::StageSnapshot& s : pipeline.snapshot().stages)
        if (s.name == stage && s.counters.contains(name))
            return s.counters.at(name);
    return 0;
}

/// Counts how many messages there are between a sender and a receiver, from what the bodies of nodes see.
struct Peak {
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    void enter() {
        const int n = now.fetch_add(1) + 1;
        int seen = most.load();
        while (n > seen && !most.compare_exchange_weak(seen, n)) {
        }
    }
    void leave() { now.fetch_sub(1); }
};

} // namespace support
