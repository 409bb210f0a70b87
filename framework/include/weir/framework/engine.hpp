#pragma once
// What a process has once: threads, pools, the log.
#include <weir/framework/clock.hpp>
#include <weir/pools/pool_registry.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace weir {

namespace detail {
class EngineImpl;
}

enum class LogLevel : std::uint8_t { info, warning, error };

struct EngineConfig {
    unsigned threads = 0;            ///< workers; 0: what the machine, its cgroup's CPU quota and the affinity mask allow
    unsigned io_threads = 4;         ///< at most so many threads for files and stages that block, started as needed
    unsigned endpoint_threads = 256; ///< at most so many for what may wait for ever; more is refused at start
    RegistryConfig registry;
    std::chrono::nanoseconds memory_wait = std::chrono::seconds(1); ///< so long an output waits for memory at the byte budget
    std::chrono::nanoseconds slow_end = std::chrono::seconds(5);  ///< `wait` names the stages that take longer to end; above 0
    std::shared_ptr<Clock> clock;                                 ///< stages sleep by it; the machine's steady clock if null
    std::chrono::nanoseconds watchdog = std::chrono::seconds(10); ///< a stage without progress for so long is named; 0: never
    std::function<void(LogLevel, const std::string&)> log;        ///< called on any thread, outside locks; stderr if empty
};

/// Owns the oneTBB arena, the I/O threads and the registry of pools. Thread-safe. Pipelines keep what they need of it alive;
/// frames may outlive it.
class Engine {
public:
    explicit Engine(EngineConfig config = {});
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// The process's own, made at first use and never destroyed.
    [[nodiscard]] static Engine& standard();

    [[nodiscard]] PoolRegistry& registry() noexcept;
    [[nodiscard]] Clock& clock() noexcept;
    [[nodiscard]] unsigned threads() const noexcept; ///< workers

    [[nodiscard]] const std::shared_ptr<detail::EngineImpl>& impl() const noexcept { return impl_; }

private:
    std::shared_ptr<detail::EngineImpl> impl_;
};

} // namespace weir
