#pragma once
// A pipeline's figures at one moment.
#include <weir/pools/ledger.hpp>
#include <weir/pools/pool_registry.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir {

struct StageSnapshot {
    std::string name;
    std::string type;
    std::string state; ///< "running", "waiting for input in", "finished" ...
    std::uint64_t items_in = 0;
    std::uint64_t items_out = 0;
    std::uint64_t activations = 0;
    std::uint64_t errors = 0;   ///< that did not end the pipeline
    std::uint64_t restarts = 0; ///< after an error
    // nanoseconds since the start
    std::int64_t running = 0;
    std::int64_t waiting_input = 0;
    std::int64_t waiting_output = 0;
    std::int64_t waiting_quota = 0;
    std::int64_t waiting_outside = 0;
    std::int64_t waiting_time = 0;                 ///< asleep
    std::map<std::string, std::uint64_t> counters; ///< the stage's own figures
};

struct LinkSnapshot {
    std::string from; ///< "stage.port"
    std::string to;
    std::string type; ///< of its items: "video frames"
    std::size_t capacity = 0;
    std::size_t size = 0;
    std::size_t peak = 0;
    std::uint64_t items = 0;
    std::uint64_t drops = 0;     ///< by a chosen policy
    std::uint64_t discards = 0;  ///< because nobody read them any more
    std::uint64_t overflows = 0; ///< times the stall rule made it longer
};

struct PortSnapshot {
    std::string name; ///< "stage.port"
    std::size_t quota = 0;
    std::size_t in_use = 0;
    std::size_t peak = 0;
    std::uint64_t overflows = 0;
};

/// How long items took from their source to a stage without outputs: nanoseconds of the engine's clock, pauses included.
struct LatencySnapshot {
    std::string from; ///< the sources that lead there, "src" or "a, b"
    std::string to;   ///< "stage.port"
    std::uint64_t items = 0;
    std::int64_t p50 = 0; ///< to 5 %
    std::int64_t p99 = 0;
    std::int64_t max = 0;
    double worst = 0; ///< seconds: the time of the item that took the longest; NaN if it has none
};

struct Snapshot {
    std::int64_t elapsed = 0; ///< nanoseconds since the start
    double media_time = 0;    ///< seconds: the latest time that has reached a stage without outputs
    std::vector<std::string>
        branches; ///< names of those that are attached; their stages, links and ports follow the pipeline's
    std::vector<StageSnapshot> stages;
    std::vector<LinkSnapshot> links;
    std::vector<PortSnapshot> ports;
    std::vector<LatencySnapshot> latencies; ///< of items that keep when they entered: frames, samples, packets
    std::vector<PoolReport> pools;          ///< of the engine
    std::size_t peak_bytes = 0;             ///< the registry's
};

/// As JSON, with the field names used here. UTF-8; what is not is replaced.
[[nodiscard]] std::string to_json(const Snapshot& snapshot);

} // namespace weir
