#include <weir/framework/testing.hpp>

#include "pipeline_impl.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace weir::testing {

using detail::LinkBase;
using detail::Lock;
using detail::StageCore;
using detail::StageEntry;
using detail::WaitKind;

namespace {

constexpr std::size_t no_limit = 1u << 20; ///< of a quota that is in nobody's way
constexpr std::chrono::hours longest_sleep{24 * 30};

template <class Pool, class... Args> auto one_more(Pool pool, const Args&... args) {
    pool.add_demand(1);
    return pool.try_acquire(args...);
}

/// How many buffers of the registry are out.
std::size_t out_of(const PoolRegistry& pools) {
    std::size_t count = 0;
    for (const PoolReport& pool : pools.stats())
        count += pool.stats.in_use + pool.stats.adopted_in_use;
    return count;
}

} // namespace

PooledFrame kept(PoolRegistry& pools, PooledFrame frame) {
    if (!frame)
        return frame;
    PooledFrame copy = one_more(pools.frames(frame.format()));
    const Crop whole = copy.header().crop;
    copy_pixels(frame, copy);
    copy.header() = frame.header();
    copy.header().crop = whole;
    return copy;
}

PooledSamples kept(PoolRegistry& pools, PooledSamples samples) {
    if (!samples)
        return samples;
    const std::uint32_t count = samples.header().count;
    PooledSamples copy = one_more(pools.samples(samples.format(), count), samples.format(), count);
    copy_samples(samples, copy);
    copy.header() = samples.header();
    return copy;
}

std::string TestResult::find_log(const std::string& words) const {
    for (const auto& [level, text] : log)
        if (text.find(words) != std::string::npos)
            return text;
    return {};
}

/// Decides, whenever everything rests, which of the scripts goes on.
class StageTest::Run final : public detail::Probe {
public:
    // as set
    unsigned workers = 1;
    std::size_t quota = no_limit;
    std::size_t budget = 0;
    ErrorPolicy policy;
    std::chrono::nanoseconds tick = std::chrono::milliseconds(1);
    std::uint64_t most_activations = 100'000;
    std::function<bool(const std::string&)> at_rest;
    std::size_t fail_acquire = 0;
    Failure failure = Failure::budget;
    std::size_t fail_offload = 0;
    std::size_t cancel_at = 0;

    const std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    const std::shared_ptr<PoolRegistry> given = std::make_shared<PoolRegistry>(); ///< of the inputs' items
    const std::shared_ptr<PoolRegistry> pools = std::make_shared<PoolRegistry>(); ///< of what is kept
    std::vector<std::unique_ptr<TestPort>> ports;
    std::unique_ptr<Engine> engine;
    std::unique_ptr<Pipeline> pipeline;

    void make_pipeline() {
        if (engine)
            throw std::logic_error("a StageTest runs once");
        EngineConfig config;
        config.threads = workers;
        config.clock = clock;
        config.watchdog = std::chrono::nanoseconds(0);
        if (budget)
            config.registry.max_bytes = budget;
        config.log = [this](LogLevel level, const std::string& text) {
            const Lock lock(log_mutex_);
            log_.emplace_back(level, text);
        };
        engine = std::make_unique<Engine>(std::move(config));
        pipeline = std::make_unique<Pipeline>(*engine, "test");
    }
    void connect(std::size_t stage) {
        stage_ = stage;
        const AnyStage ref(pipeline->impl(), stage);
        pipeline->set(ref, {.quota = quota, .on_error = policy});
        for (const auto& port : ports)
            port->connect(*pipeline, ref);
        pipeline->impl().set_probe(*this);
    }

    // Probe
    void activated(StageCore& core) noexcept override {
        if (&core != &under_test() || core.activations() < most_activations || gave_up_.exchange(true))
            return;
        give_up("still running after " + std::to_string(core.activations()) + " activations");
    }
    void rested() noexcept override {
        try {
            const Lock lock(mutex_);
            decide();
        } catch (const std::exception& error) {
            give_up(std::string("the test failed while the stage rested: ") + error.what());
        }
    }
    void acquires(const StageCore& core) override {
        if (&core != &under_test() || acquired_.fetch_add(1, std::memory_order_relaxed) + 1 != fail_acquire)
            return;
        if (failure == Failure::memory)
            throw std::bad_alloc();
        throw BudgetExhausted("the byte budget is used up (injected by the test)");
    }
    void starts_job(const StageCore& core) override {
        if (&core == &under_test() && offloaded_.fetch_add(1, std::memory_order_relaxed) + 1 == fail_offload)
            throw Error(core.name(), "", "the engine has no thread for its work (injected by the test)");
    }

    void report(TestResult& result) {
        const Snapshot snapshot = pipeline->snapshot();
        for (const StageSnapshot& stage : snapshot.stages)
            if (stage.name == "stage") {
                result.activations = stage.activations;
                result.errors = stage.errors;
                result.restarts = stage.restarts;
                result.counters = stage.counters;
            }
        for (const LinkSnapshot& link : snapshot.links)
            result.overflows += link.overflows;
        for (const PortSnapshot& port : snapshot.ports)
            result.overflows += port.overflows;
        const Lock lock(mutex_);
        result.rests = rests_;
        result.stuck = stuck_;
        result.cancelled = cancelled_;
    }
    [[nodiscard]] std::vector<std::pair<LogLevel, std::string>> log() {
        const Lock lock(log_mutex_);
        return log_;
    }

private:
    [[nodiscard]] StageCore& under_test() noexcept { return *pipeline->impl().stages()[stage_].core; }

    /// Nobody runs and nobody is about to: nothing happens unless this makes it.
    [[nodiscard]] bool everything_rests() noexcept {
        const auto& stages = pipeline->impl().stages();
        return std::all_of(stages.begin(), stages.end(), [](const StageEntry& stage) {
            const StageCore& core = *stage.core;
            return core.finished() || (core.idle() && core.activations() > 0 && !core.has_jobs());
        });
    }
    void decide() WEIR_REQUIRES(mutex_) {
        if (free_ || gave_up_.load() || !everything_rests())
            return;
        StageCore& core = under_test();
        if (core.finished()) {
            free_ = true;
            for (const auto& port : ports)
                port->run_free();
            return;
        }
        if (core.activations() != seen_) {
            seen_ = core.activations();
            if (++rests_ == cancel_at) {
                cancelled_ = true;
                pipeline->cancel();
                return;
            }
        }
        if (give_input(core) || take_output(core) || let_time_pass(core))
            return;
        const std::string state = core.state_text();
        if (at_rest && at_rest(state))
            return;
        give_up(state + ", and nothing is left that would end that");
    }
    bool give_input(StageCore& core) {
        for (const auto& input : core.ports().inputs())
            if (input->awaited.load(std::memory_order_relaxed) && step(input->name()))
                return true;
        return false;
    }
    bool take_output(StageCore& core) {
        const WaitKind kind = core.reason().kind();
        const bool quota_too = kind == WaitKind::quota || kind == WaitKind::room;
        if (!quota_too && kind != WaitKind::output)
            return false;
        for (const auto& output : core.ports().outputs())
            for (const LinkBase* link : output->links())
                if ((link->full() || (quota_too && link->size() > 0)) && step(output->name()))
                    return true;
        return false;
    }
    bool let_time_pass(StageCore& core) {
        // Before it is made anew after an error a stage rests without a wait.
        const WaitKind kind = core.reason().kind();
        if (kind != WaitKind::time && kind != WaitKind::outside)
            return false;
        for (std::chrono::nanoseconds time{}; time < longest_sleep; time += tick) {
            clock->advance(tick);
            if (!everything_rests())
                return true;
        }
        return false;
    }
    bool step(const std::string& name) {
        for (const auto& port : ports)
            if (port->name() == name && port->can_step()) {
                port->step();
                return true;
            }
        return false;
    }
    void give_up(std::string why) noexcept {
        gave_up_.store(true);
        stuck_ = std::move(why);
        pipeline->cancel();
    }

    std::size_t stage_ = 0;
    std::atomic<std::size_t> acquired_{0};
    std::atomic<std::size_t> offloaded_{0};
    std::atomic<bool> gave_up_{false};

    detail::Mutex mutex_;
    bool free_ WEIR_GUARDED_BY(mutex_) = false;
    std::size_t rests_ WEIR_GUARDED_BY(mutex_) = 0;
    std::uint64_t seen_ WEIR_GUARDED_BY(mutex_) = 0;
    std::string stuck_;
    bool cancelled_ WEIR_GUARDED_BY(mutex_) = false;
    detail::Mutex log_mutex_;
    std::vector<std::pair<LogLevel, std::string>> log_ WEIR_GUARDED_BY(log_mutex_);
};

StageTest::StageTest() : run_(std::make_unique<Run>()) {}
StageTest::~StageTest() = default;

void StageTest::add_port(std::unique_ptr<TestPort> port) { run_->ports.push_back(std::move(port)); }
const std::shared_ptr<PoolRegistry>& StageTest::pools() const noexcept { return run_->pools; }

PooledFrame StageTest::frame(const VideoFormat& format, std::int64_t pts, std::uint8_t value) {
    PooledFrame frame = one_more(run_->given->frames(format));
    for (std::uint32_t index = 0; index < frame.planes(); ++index) {
        const Plane plane = frame.writable_plane(index);
        for (std::uint32_t row = 0; row < plane.rows; ++row)
            std::memset(plane.row(row), value, plane.row_bytes);
    }
    frame.header().pts = pts;
    frame.header().time_base = {1, 25};
    return frame;
}

PooledSamples StageTest::samples(const AudioFormat& format, std::uint32_t count, std::int64_t pts, std::uint8_t value) {
    PooledSamples samples = one_more(run_->given->samples(format, count), format, count);
    for (std::uint32_t index = 0; index < samples.planes(); ++index)
        std::memset(samples.writable_plane(index), value, samples.plane_bytes());
    samples.header().pts = pts;
    samples.header().time_base = {1, static_cast<std::int32_t>(format.sample_rate)};
    return samples;
}

StageTest& StageTest::workers(unsigned count) noexcept { return run_->workers = count, *this; }
StageTest& StageTest::quota(std::size_t frames) noexcept { return run_->quota = frames, *this; }
StageTest& StageTest::budget(std::size_t bytes) noexcept { return run_->budget = bytes, *this; }
StageTest& StageTest::on_error(ErrorPolicy policy) noexcept { return run_->policy = policy, *this; }
StageTest& StageTest::tick(std::chrono::nanoseconds time) noexcept { return run_->tick = time, *this; }
StageTest& StageTest::most_activations(std::uint64_t count) noexcept { return run_->most_activations = count, *this; }
StageTest& StageTest::at_rest(std::function<bool(const std::string&)> f) { return run_->at_rest = std::move(f), *this; }
StageTest& StageTest::fail_acquire(std::size_t which, Failure failure) noexcept {
    run_->fail_acquire = which;
    run_->failure = failure;
    return *this;
}
StageTest& StageTest::fail_offload(std::size_t which) noexcept { return run_->fail_offload = which, *this; }
StageTest& StageTest::cancel_at_rest(std::size_t which) noexcept { return run_->cancel_at = which, *this; }
ManualClock& StageTest::clock() noexcept { return *run_->clock; }

Pipeline& StageTest::begin() {
    run_->make_pipeline();
    return *run_->pipeline;
}

TestResult StageTest::finish(std::size_t stage) {
    run_->connect(stage);
    TestResult result;
    try {
        run_->pipeline->run();
        result.finished = true;
    } catch (const Cancelled&) {
        result.finished = false; // by the test, or because the stage would not have ended: `report` says which
    } catch (const Error& error) {
        result.error = error;
    }
    run_->report(result);
    run_->pipeline.reset(); // and with it the stage and all that it holds
    for (const auto& port : run_->ports)
        port->clear();
    result.held = out_of(run_->engine->registry()) + out_of(*run_->given);
    result.log = run_->log();
    return result;
}

} // namespace weir::testing
