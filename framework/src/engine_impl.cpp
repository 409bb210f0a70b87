#include "engine_impl.hpp"

#include <weir/framework/error.hpp>

#include "cpu_budget.hpp"
#include "pipeline_impl.hpp"

#include <oneapi/tbb/global_control.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace weir::detail {
namespace {

constexpr std::size_t most_pipelines = 3000;
constexpr std::chrono::nanoseconds longest_between_trims = std::chrono::minutes(10);
constexpr std::chrono::milliseconds
    timer_slack(1); ///< of timers that follow each other: an idle worker that is woken spins a while

/// oneTBB's limit is the smallest of all that live, so there is one for the process: as many threads as all engines
/// together need, and never less than the machine's own, which the application's other oneTBB work expects.
class ProcessLimit {
public:
    void change(int threads) {
        const Lock lock(mutex_);
        threads_ += threads;
        const auto machine = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
        control_.reset();
        if (threads_ > 0)
            control_ = std::make_unique<oneapi::tbb::global_control>(oneapi::tbb::global_control::max_allowed_parallelism,
                                                                     static_cast<std::size_t>(std::max(machine, threads_) + 1));
    }
    static ProcessLimit& instance() {
        static auto* limit = new ProcessLimit; // engines may end after static destructors
        return *limit;
    }

private:
    Mutex mutex_;
    int threads_ WEIR_GUARDED_BY(mutex_) = 0;
    std::unique_ptr<oneapi::tbb::global_control> control_ WEIR_GUARDED_BY(mutex_);
};

EngineConfig with_log(EngineConfig config) {
    if (!config.log) {
        auto logger = std::make_shared<spdlog::logger>("weir", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
        logger->set_pattern("%n: %^%l%$: %v");
        config.log = [logger](LogLevel level, const std::string& text) {
            logger->log(level == LogLevel::info      ? spdlog::level::info
                        : level == LogLevel::warning ? spdlog::level::warn
                                                     : spdlog::level::err,
                        "{}", text);
        };
    }
    if (!config.registry.on_warning)
        config.registry.on_warning = [log = config.log](const std::string& text) { log(LogLevel::warning, text); };
    return config;
}

} // namespace

EngineImpl::EngineImpl(EngineConfig config)
    : config_(with_log(std::move(config))), clock_(config_.clock ? config_.clock : std::make_shared<Clock>()),
      threads_(config_.threads ? config_.threads : available_cpus()), process_share_(threads_), registry_(config_.registry),
      arena_(static_cast<int>(threads_) + 1, 1), queue_(arena_, threads_), io_(*this, std::max(1u, config_.io_threads)),
      endpoints_(*this, config_.endpoint_threads) {
    arena_.initialize();
    control_ = std::thread([this] { control_loop(); });
    clock_->watch(clock_watch_);
}

EngineImpl::~EngineImpl() {
    clock_->unwatch(clock_watch_);
    {
        const Lock lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    control_.join();
}

EngineImpl::ProcessShare::ProcessShare(unsigned count) : threads(static_cast<int>(count)) {
    ProcessLimit::instance().change(threads);
}
EngineImpl::ProcessShare::~ProcessShare() { ProcessLimit::instance().change(-threads); }

void EngineImpl::log(LogLevel level, const std::string& text) const noexcept {
    try {
        config_.log(level, text);
    } catch (...) {
        // a log that throws: there is nobody to tell
    }
}

void EngineImpl::control(std::function<void()> f) {
    const Lock lock(mutex_);
    calls_.push_back(std::move(f));
    wake_.notify_one(); // under the lock: the call may end the pipeline, and its owner this engine
}

void EngineImpl::set_timer(Timer& timer, Clock::Time time) noexcept {
    const Lock lock(mutex_);
    const auto before = timers_.next();
    timer.set(timers_, time);
    if (!before || time < *before || !clock_->runs()) // a clock that was set may have passed it already
        wake_.notify_one();
}

void EngineImpl::unset_timer(Timer& timer) noexcept {
    const Lock lock(mutex_);
    timer.unset(timers_);
}

void EngineImpl::clock_was_set() noexcept {
    const Lock lock(mutex_);
    timers_.run_due(clock_->now());
}

void EngineImpl::add(PipelineImpl& pipeline) {
    const Lock lock(running_mutex_);
    if (running_.size() >= most_pipelines)
        throw Error("", "", "the engine runs " + std::to_string(most_pipelines) + " pipelines already: use another engine");
    running_.push_back(&pipeline);
}

void EngineImpl::remove(PipelineImpl& pipeline) noexcept {
    const Lock lock(running_mutex_);
    std::erase(running_, &pipeline);
}

void EngineImpl::look_at_pipelines() {
    const Lock running(running_mutex_);
    try {
        for (PipelineImpl* pipeline : running_)
            pipeline->watch(config_.watchdog);
    } catch (const std::exception& error) { // no memory: the next look may have it
        log(LogLevel::warning, std::string("the watchdog did not see everything: ") + error.what());
    }
}

void EngineImpl::trim_cold() {
    try {
        registry_.trim_cold();
    } catch (const std::exception& error) {
        log(LogLevel::warning, std::string("pools that are not in use stay as they are: ") + error.what());
    }
}

void EngineImpl::control_loop() {
    using Steady = std::chrono::steady_clock;
    constexpr std::chrono::nanoseconds shortest = std::chrono::milliseconds(1);
    struct Routine {
        std::chrono::nanoseconds period;
        void (EngineImpl::*run)();
        Steady::time_point due = Steady::now() + period;
    };
    std::vector<Routine> routines;
    if (config_.watchdog.count() > 0)
        routines.push_back({std::max(config_.watchdog / 4, shortest), &EngineImpl::look_at_pipelines});
    routines.push_back({std::clamp(config_.registry.idle_time / 4, shortest, longest_between_trims), &EngineImpl::trim_cold});

    Clock::Time last_timer{};
    Lock lock(mutex_);
    for (;;) {
        if (!calls_.empty()) {
            auto call = std::move(calls_.front());
            calls_.pop_front();
            lock.unlock();
            call();
            call = nullptr;
            lock.lock();
            continue;
        }
        if (stopping_)
            return;
        const auto now = clock_->now();
        if (timers_.run_due(now))
            last_timer = now;
        const auto next = std::min_element(routines.begin(), routines.end(),
                                           [](const Routine& a, const Routine& b) { return a.due < b.due; });
        if (Steady::now() < next->due) {
            // Where there are many, those that are due soon after each other wake the workers together.
            const auto timer = clock_->runs() ? timers_.next() : std::nullopt;
            wake_.wait_until(mutex_, timer ? std::min(std::max(*timer, last_timer + timer_slack), next->due) : next->due);
            continue;
        }
        lock.unlock();
        (this->*next->run)();
        next->due = Steady::now() + next->period;
        lock.lock();
    }
}

} // namespace weir::detail

namespace weir {

Engine::Engine(EngineConfig config) : impl_(std::make_shared<detail::EngineImpl>(std::move(config))) {}
Engine::~Engine() = default;

Engine& Engine::standard() {
    static auto* engine = new Engine; // never destroyed: pipelines may outlive main
    return *engine;
}

PoolRegistry& Engine::registry() noexcept { return impl_->registry(); }
Clock& Engine::clock() noexcept { return impl_->clock(); }
unsigned Engine::threads() const noexcept { return impl_->threads(); }

} // namespace weir
