// What the graph itself says about capacities, quotas and threads.
#include "frame_paths.hpp"
#include "pipeline_impl.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weir::detail {
namespace {

constexpr double interleaving = 1.0; ///< seconds by which the streams of a file may be apart
constexpr std::size_t longest_link = 4096;

/// Items a second of a stream of packets, guessed high where it is not known.
double packet_rate(const OutputBase& output) {
    const PacketFormat* format = output.packet_format.get();
    if (format && format->media == MediaType::video)
        return format->frame_rate.valid() ? std::min(240.0, double(format->frame_rate.num) / format->frame_rate.den) : 60;
    return 100;
}

} // namespace

void PipelineImpl::stretch_links_of_joins() {
    // Seconds that the paths to each stage hold back, in the order of the graph.
    std::vector<double> delay(stages_.size(), 0);
    for (const std::size_t index : order()) {
        double longest = 0;
        for (const Connection& connection : connections_)
            if (connection.to.stage == index && !connection.options.feedback)
                longest = std::max(longest, delay[connection.from.stage]);
        const StageEntry& stage = stages_[index];
        if (stage.traits.joins && stage.ports.inputs().size() > 1)
            for (Connection& connection : connections_) {
                if (connection.to.stage != index || connection.options.capacity || connection.link->drops())
                    continue;
                // What waits here while the slowest path still holds its first item back.
                const double wait = longest - delay[connection.from.stage] + interleaving;
                const auto items = static_cast<std::size_t>(std::ceil(wait * packet_rate(connection.link->from())));
                connection.link->set_capacity(std::clamp(items, connection.link->capacity(), longest_link));
            }
        delay[index] = longest + stage.traits.delay;
    }
}

void PipelineImpl::set_bounds() {
    stretch_links_of_joins();
    const FramePaths paths(stages_, connections_);
    for (const StageEntry& stage : stages_)
        for (const auto& output : stage.ports.outputs()) {
            // What the links and stages behind it may hold, and the one in the producer's hand.
            const std::size_t needed = paths.may_hold(*output) + stage.traits.at_once + stage.traits.holds;
            output->set_quota(stage.options.quota ? stage.options.quota : needed);
        }
}

/// The engine's threads shared out by load, rounded; nobody gets less than one.
unsigned PipelineImpl::codec_threads(const StageEntry& stage) const {
    const std::uint64_t load =
        std::accumulate(stages_.begin(), stages_.end(), std::uint64_t{0},
                        [](std::uint64_t sum, const StageEntry& other) { return sum + other.traits.codec_load; });
    if (stage.traits.codec_load == 0 || load == 0)
        return 1;
    const std::uint64_t share = (2 * std::uint64_t{engine_->threads()} * stage.traits.codec_load + load) / (2 * load);
    return std::max(1u, static_cast<unsigned>(share));
}

unsigned PipelineImpl::spare_workers() const noexcept {
    const auto codecs = static_cast<unsigned>(
        std::count_if(stages_.begin(), stages_.end(), [](const StageEntry& stage) { return stage.traits.codec_load > 0; }));
    return engine_->threads() > codecs ? engine_->threads() - codecs : 1;
}

} // namespace weir::detail
