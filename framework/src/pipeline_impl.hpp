#pragma once
// A pipeline from its first stage to its end.
#include <weir/framework/pipeline.hpp>
#include <weir/pools/detail/mutex.hpp>

#include "engine_impl.hpp"
#include "probe.hpp"
#include "stage_core.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// A stage as it was added.
struct StageEntry {
    std::string name;
    std::unique_ptr<StageDefinition> definition;
    StageOptions options;
    StageTraits traits;
    Ports ports;
    bool endpoint_reserved = false;
    std::unique_ptr<StageCore> core;
};

/// A connection as it was asked for; the link once both ends are known.
struct Connection {
    PortRef from;
    PortRef to;
    LinkOptions options;
    std::unique_ptr<LinkBase> link;
};

class PipelineImpl {
public:
    PipelineImpl(std::shared_ptr<EngineImpl> engine, std::string name);
    ~PipelineImpl();
    PipelineImpl(const PipelineImpl&) = delete;
    PipelineImpl& operator=(const PipelineImpl&) = delete;

    // building
    std::size_t add(std::string name, std::unique_ptr<StageDefinition> definition, StageOptions options);
    PortRef connect(const PortRef& from, const PortRef& to, const LinkOptions& options);
    void set_options(std::size_t stage, const StageOptions& options);

    // control
    void prepare();
    void check();
    void start();
    void wait();
    void drain() noexcept;
    void cancel() noexcept;
    void pause() noexcept;
    void resume() noexcept;
    [[nodiscard]] bool paused() const noexcept { return paused_.load(std::memory_order_seq_cst); }
    [[nodiscard]] bool finished() const noexcept;
    void set_on_end(std::function<void(EndReason)> f) { on_end_ = std::move(f); }

    // looking
    [[nodiscard]] Snapshot snapshot() const;
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] EngineImpl& engine() const noexcept { return *engine_; }
    [[nodiscard]] unsigned spare_workers() const noexcept; ///< those that codecs leave over, 1 or more
    [[nodiscard]] std::vector<StageEntry>& stages() noexcept { return stages_; }
    [[nodiscard]] std::vector<Connection>& connections() noexcept { return connections_; }

    // from the cores
    void fail(StageCore& stage, const std::exception_ptr& error) noexcept;
    void stage_ended(StageCore& stage, std::vector<std::function<void(EndReason)>> calls, EndReason reason) noexcept;
    /// What a stage registered for its end, on an I/O thread; what it throws is the pipeline's error.
    void run_call(const std::function<void(EndReason)>& call, StageCore& stage, EndReason reason) noexcept;
    void look_for_stall(StageCore& stage) noexcept;
    void start_job(StageCore& stage, Job& job, JobPlace place);
    void job_over() noexcept { graph_->release_wait(); }
    void log(LogLevel level, const std::string& text) const noexcept { engine_->log(level, text); }

    /// For tests of a stage; before the start. Outlives the run.
    void set_probe(Probe& probe) noexcept { probe_ = &probe; }
    [[nodiscard]] Probe* probe() const noexcept { return probe_; }

    /// The watchdog's look, on the control thread: names stages that wait for the outside too long.
    void watch(std::chrono::nanoseconds limit);

private:
    class Opening; // OpenContext

    // prepare.cpp
    [[nodiscard]] std::vector<std::size_t> order() const;
    void resolve(Connection& connection);
    void open(StageEntry& stage);
    /// Throws Error if the engine has no more.
    void reserve_endpoint(StageEntry& stage);
    void require_not_in_stage(const char* what) const;
    void require_inputs() const;

    void make_cores();
    void destroy_cores() noexcept;

    // bounds.cpp
    void set_bounds();
    void stretch_links_of_joins();
    [[nodiscard]] unsigned codec_threads(const StageEntry& stage) const;

    void count_down() noexcept;
    void complete() noexcept;
    void end_all(EndReason reason) noexcept;
    void add_error(Error error, bool deadlock) noexcept;
    [[nodiscard]] EndReason end_reason() const;
    void release_endpoints() noexcept;

    std::shared_ptr<EngineImpl> engine_;
    std::string name_;
    std::vector<StageEntry> stages_;
    std::vector<Connection> connections_;
    std::function<void(EndReason)> on_end_;
    Probe* probe_ = nullptr;

    enum class Phase : std::uint8_t { building, prepared, running, over };
    std::atomic<Phase> phase_{Phase::building};
    std::unique_ptr<flow::graph> graph_;
    std::int64_t started_at_ = 0;
    std::atomic<std::int64_t> ended_at_{0};
    std::atomic<std::size_t> remaining_{0};
    std::atomic<bool> cancelled_{false};
    std::atomic<bool> drained_{false};
    std::atomic<bool> paused_{false};
    Mutex pause_mutex_; ///< one `pause` or `resume` at a time

    mutable Mutex mutex_;
    Condition ended_;
    bool done_ WEIR_GUARDED_BY(mutex_) = false;
    std::optional<Error> error_ WEIR_GUARDED_BY(mutex_);
    bool deadlock_ WEIR_GUARDED_BY(mutex_) = false;    ///< error_ is one
    std::exception_ptr first_ WEIR_GUARDED_BY(mutex_); ///< the error that `wait` throws, with its own type

    friend class StallSearch;
    Mutex stall_mutex_; ///< one search at a time
    struct Warned {
        std::int64_t last = 0;
        std::uint64_t held_back = 0;
    };
    std::map<std::string, Warned, std::less<>> warned_ WEIR_GUARDED_BY(stall_mutex_);
    std::map<const StageCore*, std::int64_t> watched_; ///< control thread only: the wait that was last reported
};

/// What an exception says; never throws but for memory.
[[nodiscard]] std::string text_of(const std::exception_ptr& error);

/// "encode 24 (oldest 2.1 s), link decode.out->scale.in 5": who holds the frames of that quota, or all that a holder has.
[[nodiscard]] std::string frames_of_quota(PoolRegistry& registry, const Quota& quota);

} // namespace weir::detail
