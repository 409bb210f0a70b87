#pragma once
// A pipeline from its first stage to its end.
#include <weir/framework/pipeline.hpp>
#include <weir/pools/detail/mutex.hpp>

#include "codec_share.hpp"
#include "engine_impl.hpp"
#include "probe.hpp"
#include "stage_core.hpp"
#include "topology.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

class FramePaths;
class Joint;

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

/// A pipeline, or a branch of one.
class PipelineImpl {
public:
    PipelineImpl(std::shared_ptr<EngineImpl> engine, std::string name);
    PipelineImpl(PipelineImpl& parent, std::string name, bool fails_parent);
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
    void set_option(std::string_view stage, std::string_view option, std::string_view value);
    void seek(const Position& to);
    void step(std::uint64_t items);
    [[nodiscard]] bool paused() const noexcept { return paused_.load(std::memory_order_seq_cst); }
    [[nodiscard]] bool finished() const noexcept;
    void set_on_end(std::function<void(EndReason)> f) { on_end_ = std::move(f); }
    void set_on_port_added(std::function<void(const AddedPort&)> f) { on_port_added_ = std::move(f); }

    // branches
    void attach(const std::shared_ptr<Pipeline>& branch);
    void detach(PipelineImpl& branch, Detach how);
    [[nodiscard]] PipelineImpl* parent() const noexcept { return parent_; }
    [[nodiscard]] const std::vector<std::unique_ptr<Joint>>& joints() const noexcept { return joints_; }
    [[nodiscard]] Topology& topology() const noexcept { return *topology_; }
    /// Its stages were told to end at once.
    [[nodiscard]] bool stopping() const noexcept { return stopping_.load(std::memory_order_seq_cst); }
    // A branch's.
    void end_branch(Detach how) noexcept;
    [[nodiscard]] Snapshot branch_snapshot() const;
    void joint_settled() noexcept;
    void joint_parted() noexcept; ///< it may be gone when this returns

    // looking
    [[nodiscard]] Snapshot snapshot() const;
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] EngineImpl& engine() const noexcept { return *engine_; }
    [[nodiscard]] unsigned spare_workers() const noexcept; ///< those that codecs leave over, 1 or more
    [[nodiscard]] const std::vector<StageEntry>& stages() const noexcept { return stages_; }
    [[nodiscard]] const std::vector<Connection>& connections() const noexcept { return connections_; }

    // from the cores
    void fail(StageCore& stage, const std::exception_ptr& error) noexcept;
    void stage_ended(StageCore& stage, std::vector<std::function<void(EndReason)>> calls, EndReason reason) noexcept;
    /// What a stage registered for its end, on an I/O thread; what it throws is the pipeline's error.
    void run_call(const std::function<void(EndReason)>& call, StageCore& stage, EndReason reason) noexcept;
    void look_for_stall(StageCore& stage) noexcept;
    void start_job(StageCore& stage, Job& job, JobPlace place);
    /// Its stages, and with them it, stay until it is let go: for a job, or for who still has to tell it something. While a
    /// stage of it is there.
    void keep() noexcept { graph_->reserve_wait(); }
    void let_go() noexcept { graph_->release_wait(); }
    /// A port of that stage's, made in its body (added_ports.cpp).
    /// False if a port of that name and type was added before, which then stays.
    bool add_output(StageCore& stage, std::unique_ptr<OutputBase> port);
    void log(LogLevel level, const std::string& text) const noexcept { engine_->log(level, text); }

    /// For tests of a stage; before the start. Outlives the run.
    void set_probe(Probe& probe) noexcept { probe_ = &probe; }
    [[nodiscard]] Probe* probe() const noexcept { return probe_; }

    /// The watchdog's look, on the control thread: names stages that wait for the outside too long.
    void watch(std::chrono::nanoseconds limit);

private:
    // Both under the topology's mutex.
    void add_to(Snapshot& result) const;
    void add_latencies_to(Snapshot& result) const;
    [[nodiscard]] std::string wiring() const;
    /// Lets go of the lock while it logs that the end takes long.
    void wait_for_end() WEIR_REQUIRES(mutex_);
    [[nodiscard]] std::string stages_that_have_not_ended() const;
    [[nodiscard]] std::vector<std::string> stages_without_progress(std::chrono::nanoseconds limit);
    class Opening; // OpenContext

    // prepare.cpp
    [[nodiscard]] std::vector<std::size_t> order() const;
    [[nodiscard]] std::unique_ptr<LinkBase> make_link(StageEntry& from, const PortRef& from_port, StageEntry& to,
                                                      const PortRef& to_port, const LinkOptions& options);
    void resolve(Connection& connection);
    void resolve(Joint& joint);
    void resolve_inputs(std::size_t stage);
    void require_quotas(FramePaths& paths) const;
    void open(StageEntry& stage);
    /// Throws Error if the engine has no more.
    void reserve_endpoint(StageEntry& stage);
    void require_not_in_stage(const char* what) const;
    void require_inputs() const;

    // seek.cpp
    class Held;
    void require_seekable() const;
    void settle(const Held& held, std::uint64_t number);
    void go_to(const Held& held, const Position& to, std::vector<LinkBase*>& links) noexcept;
    void choose_who_lives(std::vector<LinkBase*>& links) noexcept;
    [[nodiscard]] bool can_get_items(const StageEntry& stage) const noexcept;
    void reopen();

    void make_ready();
    void make_cores();
    void measure_latencies();
    void destroy_cores() noexcept;
    void end_sources() noexcept;
    /// As it is called in reports.
    [[nodiscard]] std::string label(const StageEntry& stage) const;

    // bounds.cpp
    void set_bounds();
    void stretch_links_of_joins();
    [[nodiscard]] std::vector<double> delays() const;
    [[nodiscard]] std::uint64_t codec_load() const noexcept;
    [[nodiscard]] std::size_t quota_for(const StageEntry& stage, const OutputBase& output, const FramePaths& paths) const;

    // branch.cpp
    void admit(const std::shared_ptr<Pipeline>& graph);
    void require_streams(const PipelineImpl& branch) const;
    // `topology` is its own: so that the checker sees that a branch's lock is its pipeline's.
    void recompute_quotas(const Topology& topology) WEIR_REQUIRES(topology.mutex);
    [[nodiscard]] FramePaths paths_with_branches(const Topology& topology) const WEIR_REQUIRES(topology.mutex);
    void forget_bounds(Topology& topology) noexcept WEIR_REQUIRES(topology.mutex);
    void forget_departed() WEIR_REQUIRES(topology_->mutex);
    void note_holders();
    void run_joined();
    void abandon() noexcept;
    void end_with_parent(EndReason reason) noexcept;
    void copy_error_to(PipelineImpl& branch) const;
    void log_failure() const noexcept;
    [[nodiscard]] std::shared_ptr<Pipeline> leave_parent() noexcept;

    [[nodiscard]] bool hold() noexcept;
    void count_down() noexcept;
    void complete() noexcept;
    void end_all(EndReason reason) noexcept;
    void add_error(Error error, bool deadlock) noexcept;
    [[nodiscard]] EndReason end_reason() const;
    void release_endpoints() noexcept;

    std::shared_ptr<EngineImpl> engine_;
    std::optional<CodecShare> codec_share_; ///< while it runs
    std::string name_;
    std::vector<StageEntry> stages_;
    std::vector<Connection> connections_;
    std::function<void(EndReason)> on_end_;
    std::function<void(const AddedPort&)> on_port_added_;
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
    Mutex edit_mutex_;  ///< one `attach`, `seek` or `step` at a time: before all other locks
    std::uint64_t seeks_ WEIR_GUARDED_BY(edit_mutex_) = 0;

    mutable Mutex mutex_;
    Condition ended_;
    bool done_ WEIR_GUARDED_BY(mutex_) = false;
    std::optional<Error> error_ WEIR_GUARDED_BY(mutex_);
    bool deadlock_ WEIR_GUARDED_BY(mutex_) = false; ///< error_ is one

    PipelineImpl* const parent_ = nullptr; ///< a branch's pipeline; alive until the branch is done
    const bool fails_parent_ = false;
    const std::shared_ptr<Topology> topology_; ///< the parent's, for a branch
    std::vector<std::unique_ptr<Joint>> joints_;
    std::atomic<bool> stopping_{false};
    std::size_t unsettled_ WEIR_GUARDED_BY(mutex_) = 0; ///< joints that `attach` waits for
    // A branch's, under the topology's mutex, which its pipeline and its joints know by another name than this.
    std::size_t unparted_ = 0;                      ///< joints
    bool attached_ = false;                         ///< among the topology's graphs
    Snapshot last_;                                 ///< once it is not attached any more
    std::list<std::vector<std::uint64_t>> holders_; ///< for the topology, once they are gone
    mutable Mutex branches_mutex_;                  ///< so that they can be told to end by who holds the topology's, too
    std::vector<std::shared_ptr<Pipeline>> branches_ WEIR_GUARDED_BY(branches_mutex_);

    std::map<const StageCore*, std::int64_t> watched_; ///< control thread only: the wait that was last reported
};

/// What an exception says; never throws but for memory.
[[nodiscard]] std::string text_of(const std::exception_ptr& error);

/// "encode 24 (oldest 2.1 s), link decode.out->scale.in 5": who holds the frames of that quota, or all that a holder has.
[[nodiscard]] std::string frames_of_quota(PoolRegistry& registry, const Quota& quota);

} // namespace weir::detail
