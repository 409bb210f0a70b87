#pragma once
// The engine's parts: arena, I/O threads, registry, control thread.
#include <weir/framework/engine.hpp>
#include <weir/pools/detail/mutex.hpp>

#include "io_pool.hpp"
#include "run_queue.hpp"
#include "timers.hpp"

#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace weir::detail {

class PipelineImpl;

class EngineImpl : public std::enable_shared_from_this<EngineImpl> {
public:
    explicit EngineImpl(EngineConfig config);
    ~EngineImpl();
    EngineImpl(const EngineImpl&) = delete;
    EngineImpl& operator=(const EngineImpl&) = delete;

    [[nodiscard]] unsigned threads() const noexcept { return threads_; }
    [[nodiscard]] PoolRegistry& registry() noexcept { return registry_; }
    [[nodiscard]] oneapi::tbb::task_arena& arena() noexcept { return arena_; }
    [[nodiscard]] RunQueue& queue() noexcept { return queue_; } ///< the workers'
    [[nodiscard]] IoPool& io() noexcept { return io_; }
    [[nodiscard]] IoPool& endpoints() noexcept { return endpoints_; }

    [[nodiscard]] Clock& clock() noexcept { return *clock_; }
    [[nodiscard]] std::chrono::nanoseconds memory_wait() const noexcept { return config_.memory_wait; }
    [[nodiscard]] std::chrono::nanoseconds slow_end() const noexcept { return config_.slow_end; }
    /// Wakes the timer's stage at that time. Locks, does not allocate.
    void set_timer(Timer& timer, Clock::Time time) noexcept;
    void unset_timer(Timer& timer) noexcept;

    void log(LogLevel level, const std::string& text) const noexcept;

    /// Runs `f` on the control thread, in order. Never runs it in the caller.
    void control(std::function<void()> f);
    [[nodiscard]] bool on_control_thread() const noexcept { return std::this_thread::get_id() == control_.get_id(); }

    /// Pipelines that run: the watchdog looks at them. At most 3,000; more throws Error.
    void add(PipelineImpl& pipeline);
    void remove(PipelineImpl& pipeline) noexcept;
    /// The load of the codecs of all that run, for CodecShare.
    [[nodiscard]] std::atomic<std::uint64_t>& codec_load() noexcept { return codec_load_; }

private:
    void control_loop();
    void clock_was_set() noexcept;
    struct ClockWatch final : Clock::Watcher {
        explicit ClockWatch(EngineImpl& of) noexcept : engine(of) {}
        void clock_was_set() noexcept override { engine.clock_was_set(); }
        EngineImpl& engine;
    };
    /// Both from time to time, on the control thread.
    void look_at_pipelines();
    void trim_cold();

    EngineConfig config_;
    const std::shared_ptr<Clock> clock_;
    unsigned threads_;
    /// The engine's part of oneTBB's limit for the process.
    struct ProcessShare {
        explicit ProcessShare(unsigned threads);
        ~ProcessShare();
        ProcessShare(const ProcessShare&) = delete;
        ProcessShare& operator=(const ProcessShare&) = delete;
        const int threads;
    } process_share_;
    PoolRegistry registry_;
    oneapi::tbb::task_arena arena_;
    RunQueue queue_;

    Mutex mutex_;
    Condition wake_;
    std::deque<std::function<void()>> calls_ WEIR_GUARDED_BY(mutex_);
    bool stopping_ WEIR_GUARDED_BY(mutex_) = false;
    Timers timers_ WEIR_GUARDED_BY(mutex_);
    ClockWatch clock_watch_{*this};
    std::atomic<std::uint64_t> codec_load_{0};
    Mutex running_mutex_; ///< held while the watchdog looks: a pipeline leaves the list before it dies
    std::vector<PipelineImpl*> running_ WEIR_GUARDED_BY(running_mutex_);
    // Last, so that their threads are gone before anything they use.
    IoPool io_;
    IoPool endpoints_;
    std::thread control_;
};

} // namespace weir::detail
