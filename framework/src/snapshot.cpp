#include <weir/framework/snapshot.hpp>

#include <nlohmann/json.hpp>

namespace weir {

using nlohmann::ordered_json;

std::string to_json(const Snapshot& snapshot) {
    ordered_json root;
    root["elapsed"] = snapshot.elapsed;
    root["media_time"] = snapshot.media_time;
    root["branches"] = snapshot.branches;
    root["stages"] = ordered_json::array();
    for (const StageSnapshot& s : snapshot.stages)
        root["stages"].push_back({{"name", s.name},
                                  {"type", s.type},
                                  {"state", s.state},
                                  {"items_in", s.items_in},
                                  {"items_out", s.items_out},
                                  {"activations", s.activations},
                                  {"errors", s.errors},
                                  {"restarts", s.restarts},
                                  {"running", s.running},
                                  {"waiting_input", s.waiting_input},
                                  {"waiting_output", s.waiting_output},
                                  {"waiting_quota", s.waiting_quota},
                                  {"waiting_outside", s.waiting_outside},
                                  {"waiting_time", s.waiting_time},
                                  {"counters", s.counters}});
    root["links"] = ordered_json::array();
    for (const LinkSnapshot& l : snapshot.links)
        root["links"].push_back({{"from", l.from},
                                 {"to", l.to},
                                 {"type", l.type},
                                 {"capacity", l.capacity},
                                 {"size", l.size},
                                 {"peak", l.peak},
                                 {"items", l.items},
                                 {"drops", l.drops},
                                 {"discards", l.discards},
                                 {"overflows", l.overflows}});
    root["ports"] = ordered_json::array();
    for (const PortSnapshot& p : snapshot.ports)
        root["ports"].push_back(
            {{"name", p.name}, {"quota", p.quota}, {"in_use", p.in_use}, {"peak", p.peak}, {"overflows", p.overflows}});
    root["latencies"] = ordered_json::array();
    for (const LatencySnapshot& l : snapshot.latencies)
        root["latencies"].push_back({{"from", l.from},
                                     {"to", l.to},
                                     {"items", l.items},
                                     {"p50", l.p50},
                                     {"p99", l.p99},
                                     {"max", l.max},
                                     {"worst", l.worst}});
    root["pools"] = ordered_json::array();
    for (const PoolReport& p : snapshot.pools)
        root["pools"].push_back({{"format", p.format},
                                 {"capacity", p.stats.capacity},
                                 {"available", p.stats.available},
                                 {"in_use", p.stats.in_use},
                                 {"total_acquires", p.stats.total_acquires},
                                 {"total_releases", p.stats.total_releases},
                                 {"allocations", p.stats.allocations},
                                 {"peak_usage", p.stats.peak_usage},
                                 {"max_capacity", p.stats.max_capacity},
                                 {"overflows", p.stats.overflows},
                                 {"drops", p.stats.drops},
                                 {"waits", p.stats.waits},
                                 {"wait_time", p.stats.wait_time.count()},
                                 {"adopted", p.stats.adopted},
                                 {"adopted_in_use", p.stats.adopted_in_use},
                                 {"bytes", p.stats.bytes}});
    root["peak_bytes"] = snapshot.peak_bytes;
    return root.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

} // namespace weir
