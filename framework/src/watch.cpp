// What is seen of a pipeline from outside: snapshot, wiring, watchdog, the notes of stages.
#include "joint.hpp"
#include "latency.hpp"
#include "pipeline_impl.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace weir::detail {
namespace {

constexpr std::int64_t second = 1'000'000'000;

std::string in_seconds(std::int64_t nanoseconds) {
    std::ostringstream text;
    text.precision(1);
    text << std::fixed << static_cast<double>(nanoseconds) / 1e9 << " s";
    return text.str();
}

} // namespace

std::int64_t StageCore::time_in(WaitKind kind) const noexcept {
    std::int64_t time = time_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
    if (reason().kind() == kind && !finished())
        time += std::max<std::int64_t>(0, ledger_now() - since());
    return time;
}

std::map<std::string, std::uint64_t> StageCore::counters() const {
    const Lock lock(notes_mutex_);
    std::map<std::string, std::uint64_t> result;
    for (const auto& [name, value] : counters_)
        result.emplace(name, value.load(std::memory_order_relaxed));
    return result;
}

std::atomic<std::uint64_t>& StageCore::counter(std::string_view name) {
    const Lock lock(notes_mutex_);
    const auto found = counters_.find(name);
    return found != counters_.end() ? found->second : counters_.try_emplace(std::string(name), 0).first->second;
}

void StageCore::warn(std::string_view topic, const std::string& text) {
    std::string line = this->name() + ": " + text;
    if (!topic.empty()) {
        const Lock lock(notes_mutex_);
        auto found = topics_.find(topic);
        if (found == topics_.end())
            found = topics_.try_emplace(std::string(topic)).first;
        Topic& known = found->second;
        const std::int64_t now = ledger_now();
        if (known.last != 0 && now - known.last < second) {
            ++known.held_back;
            return;
        }
        if (known.held_back)
            line += " (and " + std::to_string(known.held_back) + " like it before)";
        known = {now, 0};
    }
    pipeline_.log(LogLevel::warning, line);
}

void StageCore::info(const std::string& text) { pipeline_.log(LogLevel::info, this->name() + ": " + text); }

std::string StageCore::state_text() const {
    const Reason why = idle() ? reason() : Reason(WaitKind::none, nullptr);
    const PortBase* port = why.port();
    if (finished())
        return "finished";
    if (idle() && pipeline_.paused())
        return "paused";
    switch (why.kind()) {
    case WaitKind::none: return "running";
    case WaitKind::input: {
        std::string inputs;
        for (const auto& input : ports_.inputs())
            if (input->awaited.load(std::memory_order_relaxed) && input->link())
                inputs += (inputs.empty() ? "" : " or ") + input->link()->from().full_name();
        return "waiting for input from " + (inputs.empty() ? std::string("its inputs") : inputs);
    }
    case WaitKind::output: {
        std::string links;
        for (const LinkBase* link : why.output().links())
            if (link->full())
                links += (links.empty() ? "" : " and ") + link->to().full_name();
        return "waiting for room to " + (links.empty() ? std::string("its links") : links);
    }
    case WaitKind::quota: return "waiting for its quota of " + port->full_name();
    case WaitKind::room: return "waiting for room or quota of " + port->full_name();
    case WaitKind::outside: return "waiting for work of its own on other threads";
    case WaitKind::event: return "waiting for the event '" + (event() ? *event() : std::string()) + "'";
    case WaitKind::time:
        return port ? "waiting for memory for " + port->full_name() + ", the byte budget being used up"
                    : "waiting for its time";
    }
    return {};
}

double StageCore::media_time() const noexcept {
    double latest = std::nan("");
    const auto note = [&latest](const LinkBase* link) {
        if (link)
            latest = std::fmax(latest, link->media_time()); // the one that is a number
    };
    for (const auto& input : ports_.inputs())
        note(input->link());
    if (ports_.inputs().empty())
        for (const auto& output : ports_.outputs())
            for (const LinkBase* link : output->lasting_links())
                note(link);
    return latest;
}

std::string PipelineImpl::stages_that_have_not_ended() const {
    std::string text;
    for (const StageEntry& stage : stages_)
        if (stage.core && !stage.core->finished())
            text += (text.empty() ? "" : "; ") + stage.name + ": " + stage.core->state_text();
    return text.empty() ? "all stages have ended, what they registered for their end has not" : text;
}

void PipelineImpl::watch(std::chrono::nanoseconds limit) {
    if (phase_.load() != Phase::running || paused())
        return;
    for (const std::string& line : stages_without_progress(limit))
        log(LogLevel::warning, line);
}

std::vector<std::string> PipelineImpl::stages_without_progress(std::chrono::nanoseconds limit) {
    const std::int64_t now = ledger_now();
    std::vector<std::string> lines;
    const Lock lock(topology_->mutex);
    for (const StageEntry& stage : stages_) {
        const StageCore& core = *stage.core;
        if (core.finished())
            continue;
        const std::int64_t since = core.since();
        const Reason why = core.idle() ? core.reason() : Reason(WaitKind::none, nullptr);
        const WaitKind kind = why.kind();
        const bool by_quota = (kind == WaitKind::quota || kind == WaitKind::room) && !why.output().quota()->has_room();
        // Those that wait for other stages are no cause; those for whom they wait are.
        const bool cause = kind == WaitKind::none || kind == WaitKind::outside || kind == WaitKind::event || by_quota;
        if (!cause || now - since < limit.count())
            continue;
        auto& reported = watched_[&core];
        if (now - reported < std::max<std::int64_t>(limit.count(), second) && reported > since)
            continue;
        reported = now;
        std::string held;
        std::map<std::uint64_t, std::size_t> frames;
        engine_->registry().for_each_out(
            [&](const Quota*, HolderId holder, std::size_t, std::uint32_t) { ++frames[holder.value]; });
        std::size_t in_hand = frames[core.holder().value];
        for (const auto& input : core.ports().inputs())
            if (const LinkBase* link = input->link()) {
                const std::size_t noted = frames[link->holder().value];
                in_hand += noted - std::min(noted, link->size());
            }
        if (in_hand > 0)
            held += std::to_string(in_hand) + " frames in hand";
        for (const auto& input : core.ports().inputs())
            if (input->link() && input->link()->size() > 0)
                held += (held.empty() ? "" : ", ") + std::to_string(input->link()->size()) + " items in link " +
                        input->link()->name();
        lines.push_back(
            "watchdog: stage " + core.name() + " has made no progress for " + in_seconds(now - since) + ": " +
            core.state_text() +
            (by_quota ? ", whose frames are out: " + frames_of_quota(engine_->registry(), *why.output().quota()) : "") +
            "; it holds " + (held.empty() ? "nothing" : held));
    }
    return lines;
}

Snapshot PipelineImpl::snapshot() const {
    Snapshot result;
    {
        const Lock lock(topology_->mutex);
        add_to(result);
        for (const PipelineImpl* graph : topology_->graphs)
            if (graph != this) {
                result.branches.push_back(graph->name_);
                graph->add_to(result);
            }
    }
    result.pools = engine_->registry().stats();
    result.peak_bytes = engine_->registry().peak_bytes();
    return result;
}

void PipelineImpl::add_to(Snapshot& result) const {
    const auto phase = phase_.load();
    if (phase != Phase::building && phase != Phase::prepared) {
        const std::int64_t end = ended_at_.load();
        result.elapsed = std::max(result.elapsed, (end ? end : ledger_now()) - started_at_);
        for (const StageEntry& stage : stages_) {
            const StageCore& core = *stage.core;
            StageSnapshot& s = result.stages.emplace_back();
            s.name = core.name();
            s.type = stage.definition->type();
            s.state = core.state_text();
            s.activations = core.activations();
            s.errors = core.errors();
            s.restarts = core.restarts();
            for (const auto& input : stage.ports.inputs())
                if (const LinkBase* link = input->link()) {
                    const std::uint64_t not_taken = link->size() + link->dropped() + link->discarded();
                    s.items_in += link->passed() - std::min(link->passed(), not_taken);
                }
            for (const auto& output : stage.ports.outputs())
                if (!output->lasting_links().empty())
                    s.items_out += output->lasting_links().front()->passed();
            s.running = core.time_in(WaitKind::none);
            s.waiting_input = core.time_in(WaitKind::input);
            s.waiting_output = core.time_in(WaitKind::output) + core.time_in(WaitKind::room);
            s.waiting_quota = core.time_in(WaitKind::quota);
            s.waiting_outside = core.time_in(WaitKind::outside) + core.time_in(WaitKind::event);
            s.waiting_time = core.time_in(WaitKind::time);
            s.counters = core.counters();
        }
        const auto add_link = [&](const LinkBase& link, std::size_t to) {
            LinkSnapshot& l = result.links.emplace_back();
            l.from = link.from().full_name();
            l.to = link.to().full_name();
            l.type = link.from().type().name();
            l.capacity = link.capacity();
            l.size = link.size();
            l.peak = link.peak();
            l.items = link.passed();
            l.drops = link.dropped();
            l.discards = link.discarded();
            l.overflows = link.overflows();
            if (stages_[to].ports.outputs().empty() && !std::isnan(link.media_time()))
                result.media_time = std::max(result.media_time, link.media_time());
        };
        for (const auto& joint : joints_)
            add_link(joint->link(), joint->to().stage);
        for (const Connection& connection : connections_)
            add_link(*connection.link, connection.to.stage);
        add_latencies_to(result);
        for (const StageEntry& stage : stages_)
            for (const auto& output : stage.ports.outputs()) {
                const Quota& quota = *output->quota();
                result.ports.push_back({output->full_name(), quota.limit(), quota.in_use(), quota.peak(), quota.overflows()});
            }
    }
}

void PipelineImpl::add_latencies_to(Snapshot& result) const {
    for (const StageEntry& stage : stages_)
        for (const auto& input : stage.ports.inputs()) {
            const LinkBase* link = input->link();
            if (!link || !link->latency())
                continue;
            LatencySnapshot latency = link->latency()->snapshot();
            if (latency.items == 0)
                continue;
            // All that lead there, without going round loops.
            std::vector<const StageBase*> found{&link->from().stage()};
            for (std::size_t i = 0; i < found.size(); ++i) {
                const auto& inputs = static_cast<const StageCore*>(found[i])->ports().inputs();
                if (inputs.empty())
                    latency.from += (latency.from.empty() ? "" : ", ") + found[i]->name();
                for (const auto& before : inputs)
                    if (before->link())
                        if (const StageBase* stage_before = &before->link()->from().stage();
                            std::find(found.begin(), found.end(), stage_before) == found.end())
                            found.push_back(stage_before);
            }
            latency.to = input->full_name();
            result.latencies.push_back(std::move(latency));
        }
}

namespace {

std::string policy_text(const ErrorPolicy& policy) {
    switch (policy.kind) {
    case ErrorPolicy::Kind::fail: break;
    case ErrorPolicy::Kind::skip: return ", skips on error";
    case ErrorPolicy::Kind::restart: return ", restarts on error, " + std::to_string(policy.restarts) + " times";
    case ErrorPolicy::Kind::detach: return ", left behind on error";
    }
    return {};
}

std::string bounds_text(const LinkOptions& options) {
    std::string text;
    if (options.max_bytes)
        text += ", " + std::to_string(options.max_bytes) + " bytes";
    if (options.max_time.count())
        text += ", " + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(options.max_time).count()) + " ms";
    if (options.when_full != WhenFull::wait)
        text += options.when_full == WhenFull::drop_oldest ? ", drops the oldest" : ", drops the newest";
    return text;
}

} // namespace

std::string PipelineImpl::describe() const {
    const Lock lock(topology_->mutex);
    std::string text = wiring();
    for (const PipelineImpl* graph : topology_->graphs)
        if (graph != this)
            text += "branch " + graph->name_ + "\n" + graph->wiring();
    return text;
}

std::string PipelineImpl::wiring() const {
    std::string text;
    for (const StageEntry& stage : stages_) {
        text += "stage " + label(stage) + " (" + stage.definition->type() + ")" + policy_text(stage.options.on_error) + "\n";
        for (const auto& input : stage.ports.inputs())
            text += "  in  " + input->name() + ": " + input->type().name() + (input->link() ? "" : ", not connected") + "\n";
        for (const auto& output : stage.ports.outputs())
            text += "  out " + output->name() + ": " + output->type().name() + ", quota " +
                    std::to_string(output->quota()->limit()) + "\n";
    }
    const auto link_text = [](const LinkBase& link, const LinkOptions& options) {
        return "link " + link.name() + ", capacity " + std::to_string(link.capacity()) + bounds_text(options) + "\n";
    };
    for (const auto& joint : joints_)
        text += link_text(joint->link(), joint->options());
    for (const Connection& connection : connections_)
        if (connection.link)
            text += link_text(*connection.link, connection.options);
        else
            text += "link " + stages_[connection.from.stage].name + "." + connection.from.port + "->" +
                    stages_[connection.to.stage].name + "." + connection.to.port + ", not prepared\n";
    return text;
}

} // namespace weir::detail
