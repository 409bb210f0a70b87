#pragma once
// Runs one stage in a test: with the inputs, the back-pressure and the failures that the test wants, step by step.
#include <weir/framework/clock.hpp>
#include <weir/framework/pipeline.hpp>
#include <weir/framework/testing_port.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::testing {

/// How the run of one stage went.
struct TestResult {
    bool finished = false;      ///< the stage returned, and nothing failed or was cancelled
    bool cancelled = false;     ///< by `cancel_at_rest`
    std::string stuck;          ///< what the stage waited for and would not have got, or what it did not stop to do; else empty
    std::optional<Error> error; ///< the pipeline's
    std::size_t rests = 0;      ///< times the stage came to rest with nothing else going on
    std::uint64_t activations = 0;
    std::uint64_t errors = 0;                      ///< of the stage, that did not end the pipeline (skipped, restarted)
    std::uint64_t restarts = 0;                    ///< of the stage
    std::uint64_t overflows = 0;                   ///< times the stall rule had to grow one of its bounds
    std::map<std::string, std::uint64_t> counters; ///< the stage's own
    std::vector<std::pair<LogLevel, std::string>> log;
    /// Frames and sample buffers that are still out though the stage is gone, its own and those of its inputs: a leak, unless
    /// the test itself has them.
    std::size_t held = 0;
    /// The first line of the log with `words` in it; empty if there is none.
    [[nodiscard]] std::string find_log(const std::string& words) const;
};

/// What an injected failure of `acquire` throws.
enum class Failure : std::uint8_t { budget, memory };

/// One stage with scripts at its inputs and outputs. Nothing runs beside the stage: an input gives its next item, and an output
/// takes one, only when the stage has come to rest (waits, and no work of its own is under way on other threads) and waits for
/// it. So a run is the same every time, as far as the stage itself is. The time is the test's: it goes on when the stage waits
/// for a time. A stage that waits for what will not come is reported with its state and ended, and so is one that runs on and
/// on; only one that never comes to a `co_await` hangs. Set up and run once, by one thread. Needs no test framework.
class StageTest {
public:
    StageTest();
    ~StageTest();
    StageTest(const StageTest&) = delete;
    StageTest& operator=(const StageTest&) = delete;

    /// The script of an input, by the port's name. Inputs without one are refused by `run`.
    template <Item T> TestInput<T>& input(std::string name = "in") { return add<TestInput<T>>(std::move(name)); }
    /// The script of an output. Outputs without one discard.
    template <Item T> TestOutput<T>& output(std::string name = "out") { return add<TestOutput<T>>(std::move(name), pools()); }
    /// A frame for an input, all bytes `value`, with time base 1/25. Counts against nothing of the stage's.
    [[nodiscard]] PooledFrame frame(const VideoFormat& format, std::int64_t pts, std::uint8_t value = 0);
    /// Samples for an input, all bytes `value`, with time base 1/rate.
    [[nodiscard]] PooledSamples samples(const AudioFormat& format, std::uint32_t count, std::int64_t pts,
                                        std::uint8_t value = 0);

    StageTest& workers(unsigned count) noexcept;   ///< of the engine (1)
    StageTest& quota(std::size_t frames) noexcept; ///< of each output; as a rule none is in the way
    StageTest& budget(std::size_t bytes) noexcept; ///< of all that the stage acquires
    StageTest& on_error(ErrorPolicy policy) noexcept;
    StageTest& tick(std::chrono::nanoseconds time) noexcept; ///< the time goes on by so much (1 ms)
    /// A stage that has been activated so often is taken to be one that does not end (100,000).
    StageTest& most_activations(std::uint64_t count) noexcept;
    /// When the stage waits for nothing that the scripts have: `f` gets its state as text, and says whether it did something
    /// about it, such as to set an event. On a worker.
    StageTest& at_rest(std::function<bool(const std::string& state)> f);

    // Failures; counted from 1.
    StageTest& fail_acquire(std::size_t which, Failure failure = Failure::budget) noexcept;
    StageTest& fail_offload(std::size_t which) noexcept; ///< with Error, as where the engine has no thread for it
    StageTest& cancel_at_rest(std::size_t which) noexcept;

    /// The engine's clock.
    [[nodiscard]] ManualClock& clock() noexcept;

    /// Runs it, as `Pipeline::add` would be given it: a coroutine function with its options, a shape, or a ready-made stage.
    /// Throws GraphError if the ports do not fit the scripts; what else goes wrong is in the result.
    template <class... Args> TestResult run(Args&&... args) {
        const auto stage = begin().add("stage", std::forward<Args>(args)...);
        return finish(stage.index());
    }

private:
    class Run;
    template <class Port, class... Args> Port& add(std::string name, Args&&... args) {
        auto port = std::make_unique<Port>(std::move(name), std::forward<Args>(args)...);
        Port& result = *port;
        add_port(std::move(port));
        return result;
    }
    void add_port(std::unique_ptr<TestPort> port);
    [[nodiscard]] const std::shared_ptr<PoolRegistry>& pools() const noexcept;
    [[nodiscard]] Pipeline& begin();
    [[nodiscard]] TestResult finish(std::size_t stage);

    std::unique_ptr<Run> run_;
};

} // namespace weir::testing
