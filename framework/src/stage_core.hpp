#pragma once
// The core of a stage: the one place that touches its coroutine.
#include <weir/framework/error_policy.hpp>
#include <weir/framework/process.hpp>
#include <weir/framework/stage.hpp>
#include <weir/pools/detail/mutex.hpp>

#include "nodes.hpp"
#include "timers.hpp"
#include "topology.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::detail {

class EngineImpl;
class PipelineImpl;

/// Why a stage is suspended and at which port, in one word, so that other threads never see halves of two reasons.
class Reason {
public:
    explicit Reason(std::uintptr_t word) noexcept : word_(word) {}
    Reason(WaitKind kind, const PortBase* port) noexcept
        : word_(reinterpret_cast<std::uintptr_t>(port) | static_cast<std::uintptr_t>(kind)) {}
    [[nodiscard]] WaitKind kind() const noexcept { return static_cast<WaitKind>(word_ & 7); }
    [[nodiscard]] const PortBase* port() const noexcept {
        return reinterpret_cast<const PortBase*>(word_ & ~std::uintptr_t{7}); // NOLINT(performance-no-int-to-ptr): it was one
    }
    /// Of the kinds output, quota and room.
    [[nodiscard]] const OutputBase& output() const noexcept { return *static_cast<const OutputBase*>(port()); }
    [[nodiscard]] std::uintptr_t word() const noexcept { return word_; }

private:
    static_assert(alignof(PortBase) >= 8);
    std::uintptr_t word_;
};

/// Runs the job, which is gone then, and after it the light stages of that engine that it told something.
void run_with_followers(EngineImpl& engine, Runnable& job) noexcept;

/// A node whose body resumes the coroutine. Activations coalesce: at most one is pending, and none while one runs.
class StageCore final : public StageBase, public StageContext, private Runnable {
public:
    StageCore(PipelineImpl& pipeline, flow::graph& graph, std::string name, StageDefinition& definition, Ports& ports,
              const StageTraits& traits, const ErrorPolicy& on_error, unsigned codec_threads);
    ~StageCore() override;
    using StageBase::name;

    // From any thread.

    /// Ends the stage as soon as it can be: discards what it holds (cancelled, failed) or, for a source, counts as its
    /// return (drained).
    void end(EndReason reason) noexcept;
    /// Brings it to rest at its next wait, until `go_on`. One caller at a time.
    void pause() noexcept { stop_.store(true, std::memory_order_seq_cst); }
    [[nodiscard]] bool finished() const noexcept { return activation_.finished(); }
    [[nodiscard]] bool idle() const noexcept { return activation_.idle(); }
    [[nodiscard]] Reason reason() const noexcept { return Reason(reason_.load(std::memory_order_acquire)); }
    [[nodiscard]] const std::string* event() const noexcept { return waits_for_.load(std::memory_order_relaxed); }
    /// When it entered its present state, ledger_now().
    [[nodiscard]] std::int64_t since() const noexcept { return since_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t activations() const noexcept { return activations_.load(std::memory_order_seq_cst); }
    /// Nanoseconds spent running (none) or waiting for each kind, the present stretch included.
    [[nodiscard]] std::int64_t time_in(WaitKind kind) const noexcept;
    [[nodiscard]] std::map<std::string, std::uint64_t> counters() const;
    [[nodiscard]] std::uint64_t errors() const noexcept { return errors_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t restarts() const noexcept { return restarts_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool is_source() const noexcept { return ports_.inputs().empty() && !traits_.fed; }
    [[nodiscard]] Ports& ports() const noexcept { return ports_; }
    [[nodiscard]] const StageTraits& traits() const noexcept { return traits_; }
    [[nodiscard]] StageDefinition& definition() const noexcept { return definition_; }
    /// "waiting for input in".
    [[nodiscard]] std::string state_text() const;
    /// The latest time that came to it, or of a source that left it, seconds; NaN before.
    [[nodiscard]] double media_time() const noexcept;
    [[nodiscard]] bool has_jobs() const noexcept { return jobs_.load(std::memory_order_seq_cst) > 0; }
    /// Has the edit made in this core, at once if it is done with its links. Edits are made in the order in which they were
    /// asked for. The caller holds the topology's mutex.
    void request(TopologyEdit& edit) noexcept;
    /// It touches its links no more. Under the topology's mutex.
    [[nodiscard]] bool done_with_links() const noexcept { return done_with_links_; }
    // For a seek, whose number that is; under the topology's mutex.
    /// It rests and will stay there, or has ended with all it had registered.
    [[nodiscard]] bool settled_for(std::uint64_t seek) const noexcept {
        return ended_.load(std::memory_order_seq_cst) || settled_for_.load(std::memory_order_seq_cst) == seek;
    }
    /// Has it come to its core at its next wait.
    void interrupt() noexcept;
    /// Undoes that.
    void go_on() noexcept;
    /// It has ended by itself and is as it was before its first step. False if it was told to end.
    [[nodiscard]] bool live_again(std::uint64_t number) noexcept;
    /// The next coroutine begins there.
    void begin_at(const Position& position) noexcept { position_ = position; }
    /// All that it had registered for its end was called.
    void note_ended() noexcept;

    // For a step; under the topology's mutex.
    /// It may take so many items, though it is paused.
    void allow(std::uint64_t items) noexcept;
    void allow_none() noexcept;
    /// It has had its items and rests while the others go on. Under the topology's mutex.
    [[nodiscard]] bool holds_step() const noexcept;
    [[nodiscard]] bool has_stepped() const noexcept {
        return ended_.load(std::memory_order_seq_cst) || !steps_wait_.load(std::memory_order_seq_cst);
    }
    [[nodiscard]] bool is_sink() const noexcept;

    void job_started() noexcept { jobs_.fetch_add(1, std::memory_order_seq_cst); }
    void job_over() noexcept;
    [[nodiscard]] PipelineImpl& pipeline() const noexcept { return pipeline_; }
    std::size_t place_in_search = 0; ///< the stall rule's, under the topology's mutex

    // StageContext
    [[nodiscard]] StageBase& base() noexcept override { return *this; }
    [[nodiscard]] PoolRegistry& registry() noexcept override;
    [[nodiscard]] std::stop_token stop_token() const noexcept override { return stop_source_.get_token(); }
    [[nodiscard]] unsigned codec_threads() const noexcept override { return codec_threads_; }
    [[nodiscard]] unsigned spare_workers() const noexcept override;
    [[nodiscard]] JobPlace io_place() const noexcept override { return traits_.endpoint ? JobPlace::endpoint : JobPlace::io; }
    [[nodiscard]] JobPlace compute_place() const noexcept override {
        return traits_.blocking ? JobPlace::io : JobPlace::worker;
    }
    [[nodiscard]] std::optional<Position> position() const noexcept override { return position_; }
    [[nodiscard]] bool seeking() const noexcept override { return seeking_; }
    [[nodiscard]] Clock& clock() noexcept override;
    [[nodiscard]] MediaClock& media_clock() noexcept override;
    void prepare_timer() override;
    void wake_at(Clock::Time time) noexcept override;
    void report(std::exception_ptr error) override;
    void on_end(std::function<void(EndReason)> f) override { on_end_.push_back(std::move(f)); }
    void warn(std::string_view topic, const std::string& text) override;
    void info(const std::string& text) override;
    [[nodiscard]] std::atomic<std::uint64_t>& counter(std::string_view name) override;
    OutputBase& add_output(std::unique_ptr<OutputBase> port) override; // added_ports.cpp

private:
    friend class FollowerList;
    enum class Outcome : std::uint8_t { idle, yield, finished };

    void post() noexcept override;
    /// To the back of its queue.
    void enqueue() noexcept;
    void activate() noexcept;
    /// From that queue.
    void run() noexcept override;
    void note_length(std::int64_t activation) noexcept;
    void body() noexcept;
    [[nodiscard]] Outcome advance() noexcept;
    [[nodiscard]] bool paused() const noexcept;
    /// True if it is to stay at rest for a seek.
    [[nodiscard]] bool rests_for_seek() noexcept;
    void settle_for(std::uint64_t seek) noexcept;
    [[nodiscard]] bool may_step() const noexcept;
    void note_step() noexcept;
    /// What it registered for its end is called on an I/O thread, before it is made anew.
    void start_calls(EndReason reason);
    void settle_links() noexcept;
    void settle_puts() noexcept;
    void make_coroutine() noexcept;
    void destroy_coroutine() noexcept;
    void bind(OutputBase& output);
    // stage_errors.cpp
    void handle_error() noexcept;
    void begin_restart();
    [[nodiscard]] bool ready_to_restart() noexcept;
    void finish() noexcept;
    void close_ports() noexcept;
    void make_edits(bool last) noexcept;
    void enter(WaitKind kind, const PortBase* port, std::int64_t now) noexcept;

    PipelineImpl& pipeline_;
    flow::graph& graph_;
    StageDefinition& definition_;
    Ports& ports_;
    StageTraits traits_;
    ErrorPolicy on_error_;
    unsigned codec_threads_;
    std::stop_source stop_source_;

    // the core's own
    Process process_;
    bool started_ = false;
    bool over_ = false;   ///< the coroutine is gone, jobs may still run
    std::int64_t length_; ///< of its latest activations on average, nanoseconds
    std::exception_ptr error_;
    bool restarting_ = false; ///< and over: the coroutine will be made anew
    Clock::Time restart_at_{};
    std::vector<std::function<void(EndReason)>> on_end_;
    bool clearing_ = false; ///< it was told to make way for a seek, and has jobs under way
    bool seeking_ = false;
    std::optional<Position> position_; ///< written while it rests for a seek
    std::optional<Timer> timer_;       ///< once it has slept

    std::atomic<int> ending_{-1}; ///< an EndReason once `end` was called
    std::atomic<int> jobs_{0};
    std::atomic<bool> ended_{false};            ///< with what it had registered for its end
    std::atomic<std::uint64_t> settled_for_{0}; ///< the last seek it came to rest for
    std::atomic<std::uint64_t> steps_{0};       ///< items it may yet take while it is paused
    std::atomic<bool> steps_wait_{false};       ///< somebody waits until it has taken them
    std::atomic<std::uintptr_t> reason_{0};
    std::atomic<std::int64_t> since_{0};
    std::atomic<std::uint64_t> activations_{0};
    std::atomic<std::uint64_t> errors_{0}; // relaxed, as the next: for reports, written by the core
    std::atomic<std::uint64_t> restarts_{0};
    std::array<std::atomic<std::int64_t>, 8> time_{}; // by WaitKind

    mutable Mutex notes_mutex_;
    std::map<std::string, std::atomic<std::uint64_t>, std::less<>> counters_ WEIR_GUARDED_BY(notes_mutex_);
    struct Topic {
        std::int64_t last = 0;
        std::uint64_t held_back = 0;
    };
    std::map<std::string, Topic, std::less<>> topics_ WEIR_GUARDED_BY(notes_mutex_);

    // under the topology's mutex
    IntrusiveList<TopologyEdit> edits_;
    bool done_with_links_ = false;
    std::atomic<bool> edits_wait_{false}; ///< seq_cst: set before the signal, looked at after each step to running

    ActivationNode node_;
};

} // namespace weir::detail
