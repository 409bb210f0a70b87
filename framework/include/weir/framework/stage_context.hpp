#pragma once
// What a running stage can ask for besides its ports.
#include <weir/framework/clock.hpp>
#include <weir/framework/detail/job.hpp>
#include <weir/framework/detail/stage_base.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace weir {

class MediaClock;
class PoolRegistry;

namespace detail {
class OutputBase;
}

/// How a pipeline, or one stage of it, came to its end.
enum class EndReason : std::uint8_t {
    finished,
    drained,
    failed,
    cancelled,
    seek, ///< of a stage's coroutine only: the stage goes on with another
};

/// Where a seek went.
struct Position {
    std::chrono::nanoseconds time{0}; ///< from the beginning of the stream
    bool exact = true;                ///< whoever can leaves out what lies before it
};

/// Used in the stage's body, on its thread.
class StageContext {
public:
    StageContext(const StageContext&) = delete;
    StageContext& operator=(const StageContext&) = delete;
    virtual ~StageContext() = default;

    [[nodiscard]] virtual detail::StageBase& base() noexcept = 0;
    [[nodiscard]] const std::string& name() noexcept { return base().name(); }
    [[nodiscard]] virtual PoolRegistry& registry() noexcept = 0;
    /// Set when the pipeline is cancelled or drained while this stage has work on other threads.
    [[nodiscard]] virtual std::stop_token stop_token() const noexcept = 0;
    /// Threads this stage's codec may use, 1 or more: fixed when the pipeline starts.
    [[nodiscard]] virtual unsigned codec_threads() const noexcept = 0;
    /// Workers of the engine that are left when each codec of pictures in this pipeline keeps one busy, 1 or more: how many
    /// pieces of computing a stage should have under way. Fixed when the pipeline starts.
    [[nodiscard]] virtual unsigned spare_workers() const noexcept = 0;
    [[nodiscard]] virtual detail::JobPlace io_place() const noexcept = 0;
    [[nodiscard]] virtual detail::JobPlace compute_place() const noexcept = 0;

    /// Where the last seek went; empty if there was none since the pipeline was started. Fixed while a coroutine lives.
    [[nodiscard]] virtual std::optional<Position> position() const noexcept = 0;
    /// The coroutine is being destroyed for a seek, not for good: for the destructors of what it holds.
    [[nodiscard]] virtual bool seeking() const noexcept = 0;

    /// The engine's.
    [[nodiscard]] virtual Clock& clock() noexcept = 0;
    /// The pipeline's, for what goes by media time.
    [[nodiscard]] virtual MediaClock& media_clock() noexcept = 0;
    /// `sleep_until`'s: makes this stage's timer, if it has none; sets it.
    virtual void prepare_timer() = 0;
    virtual void wake_at(Clock::Time time) noexcept = 0;

    /// For a stage that can do without the item it failed on: counts and warns if the stage's policy is `skip`, else throws the
    /// error again. Not called `throw`, since it may return.
    virtual void report(std::exception_ptr error) = 0;
    /// Runs on an I/O thread after the stage's coroutine is gone and before the pipeline's `wait` returns, or before the stage
    /// is made anew. May block; what it throws is an error of the pipeline.
    virtual void on_end(std::function<void(EndReason)> f) = 0;
    /// A line for the log with the stage's name: at most once a second for each `topic`, the rest counted and said later.
    /// An empty topic is never held back. Allocates.
    virtual void warn(std::string_view topic, const std::string& text) = 0;
    virtual void info(const std::string& text) = 0;
    /// A figure of the stage's own, shown in statistics: "frames converted". The reference stays valid while the stage lives;
    /// looking it up locks.
    [[nodiscard]] virtual std::atomic<std::uint64_t>& counter(std::string_view name) = 0;

    /// `weir::add_output`'s.
    virtual detail::OutputBase& add_output(std::unique_ptr<detail::OutputBase> port) = 0;

protected:
    StageContext() = default;
};

/// The context of the stage whose body runs on this thread. Throws std::logic_error elsewhere.
[[nodiscard]] StageContext& this_stage();

} // namespace weir
