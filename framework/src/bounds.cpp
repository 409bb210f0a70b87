// What the graph itself says about capacities, quotas and threads.
#include "frame_paths.hpp"
#include "joint.hpp"
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

/// Seconds that the paths up to and through each stage hold back.
std::vector<double> PipelineImpl::delays() const {
    const std::vector<double> before = parent_ ? parent_->delays() : std::vector<double>();
    std::vector<double> delay(stages_.size(), 0);
    for (const std::size_t index : order()) {
        double longest = 0;
        for (const Connection& connection : connections_)
            if (connection.to.stage == index && !connection.options.feedback)
                longest = std::max(longest, delay[connection.from.stage]);
        for (const auto& joint : joints_)
            if (joint->to().stage == index)
                longest = std::max(longest, before[joint->from().stage]);
        delay[index] = longest + stages_[index].traits.delay;
    }
    return delay;
}

void PipelineImpl::stretch_links_of_joins() {
    const std::vector<double> before = parent_ ? parent_->delays() : std::vector<double>();
    const std::vector<double> delay = delays();
    for (std::size_t index = 0; index < stages_.size(); ++index) {
        const StageEntry& stage = stages_[index];
        if (!stage.traits.joins || stage.ports.inputs().size() < 2)
            continue;
        const double longest = delay[index] - stage.traits.delay;
        const auto stretch = [longest](LinkBase& link, const LinkOptions& options, double path) {
            if (options.capacity || link.drops())
                return;
            // What waits here while the slowest path still holds its first item back.
            const double wait = longest - path + interleaving;
            const auto items = static_cast<std::size_t>(std::ceil(wait * packet_rate(link.from())));
            link.set_capacity(std::clamp(items, link.capacity(), longest_link));
        };
        for (const Connection& connection : connections_)
            if (connection.to.stage == index)
                stretch(*connection.link, connection.options, delay[connection.from.stage]);
        for (const auto& joint : joints_)
            if (joint->to().stage == index)
                stretch(joint->link(), joint->options(), before[joint->from().stage]);
    }
}

/// What the links and stages behind the output may hold, and the one in the producer's hand; or what the user said.
std::size_t PipelineImpl::quota_for(const StageEntry& stage, const OutputBase& output, const FramePaths& paths) const {
    return stage.options.quota ? stage.options.quota : paths.may_hold(output) + stage.traits.at_once + stage.traits.holds;
}

void PipelineImpl::set_bounds() {
    stretch_links_of_joins();
    const FramePaths paths(*this);
    for (const StageEntry& stage : stages_)
        for (const auto& output : stage.ports.outputs())
            output->set_quota(quota_for(stage, *output, paths));
}

std::uint64_t PipelineImpl::codec_load() const noexcept {
    return std::accumulate(stages_.begin(), stages_.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const StageEntry& stage) { return sum + stage.traits.codec_load; });
}

unsigned PipelineImpl::spare_workers() const noexcept {
    const auto codecs = static_cast<unsigned>(
        std::count_if(stages_.begin(), stages_.end(), [](const StageEntry& stage) { return stage.traits.codec_load > 0; }));
    return engine_->threads() > codecs ? engine_->threads() - codecs : 1;
}

} // namespace weir::detail
