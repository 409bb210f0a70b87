#pragma once
// What ports and waits know of the stage they belong to.
#include <weir/framework/detail/activation_state.hpp>
#include <weir/pools/holder.hpp>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <string>

namespace weir {
class StageContext;
}

namespace weir::detail {

class PortBase;
class StageBase;

/// Why a stage is suspended. Read by other threads: the stall rule, the statistics, the watchdog.
enum class WaitKind : std::uint8_t {
    none,    ///< not suspended, or only letting others run
    input,   ///< for an item on each of... the inputs marked `awaited`: one is enough
    output,  ///< for room on every open link of an output
    quota,   ///< for one of its frames to come back
    room,    ///< for both of the above
    outside, ///< for I/O, a codec's threads, other work of its own: it will end by itself
    event,   ///< for the application
    time,    ///< for a time to come, or for memory, but only so long: it will end by itself
};

/// One suspension of a stage: an awaiter. Lives in the coroutine's frame; only the stage's own core calls it.
class Wait {
public:
    Wait(StageBase& stage, WaitKind kind, PortBase* port) noexcept : stage_(stage), port_(port), kind_(kind) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    /// Completes the wait if it can be completed now.
    virtual bool ready() noexcept = 0;
    /// Makes whoever can end this wait tell the stage, from now on. Called once before the last look at `ready`.
    virtual void publish() noexcept {}
    /// Undoes `publish`.
    virtual void unpublish() noexcept {}

    [[nodiscard]] WaitKind kind() const noexcept { return kind_; }
    [[nodiscard]] PortBase* port() const noexcept { return port_; }

    bool await_ready() noexcept;
    void await_suspend(std::coroutine_handle<> resume) noexcept;

protected:
    ~Wait() = default;
    StageBase& stage_;
    PortBase* port_;
    WaitKind kind_;
};

/// The part of a stage's core that templates in headers need.
class StageBase {
public:
    /// Something that the stage may be waiting for has changed. Thread-safe; does not block.
    void signal() noexcept;

    /// True if the next wait must give the thread back even though it could go on: the stage was told to end, or has
    /// had its share of the thread.
    [[nodiscard]] bool must_suspend() noexcept {
        return stop_.load(std::memory_order_relaxed) || --ticks_ <= 0 ? check_quantum() : false;
    }
    void suspend(Wait& wait, std::coroutine_handle<> resume) noexcept {
        wait_ = &wait;
        resume_ = resume;
    }

    /// The name of what the application has to do, for the watchdog. Outlives the stage.
    void waits_for(const std::string* what) noexcept { waits_for_.store(what, std::memory_order_relaxed); }

    std::size_t served_last = static_cast<std::size_t>(-1); ///< by `any`, which begins with the one after it

    /// Its activations take less than waking another worker would.
    [[nodiscard]] bool light() const noexcept { return light_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t now() const noexcept { return now_; } ///< the activation's time, ledger_now()
    [[nodiscard]] HolderId holder() const noexcept { return holder_.id(); }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    StageBase(const StageBase&) = delete;
    StageBase& operator=(const StageBase&) = delete;

protected:
    explicit StageBase(std::string name) : name_(std::move(name)), holder_(name_) {}
    ~StageBase() = default;
    virtual void post() noexcept = 0;
    [[nodiscard]] bool check_quantum() noexcept;

    std::string name_;
    Holder holder_;
    ActivationState<> activation_;
    std::atomic<bool> light_{false}; ///< relaxed: a hint
    std::atomic<bool> stop_{false};  ///< ask the coroutine to come back to its core
    std::atomic<const std::string*> waits_for_{nullptr};
    Wait* wait_ = nullptr;
    std::coroutine_handle<> resume_;
    std::int64_t now_ = 0;
    std::int64_t quantum_started_ = 0;
    int ticks_ = 1;
    int check_every_ = 1;
    bool yielded_ = false;
};

inline bool Wait::await_ready() noexcept { return !stage_.must_suspend() && ready(); }
inline void Wait::await_suspend(std::coroutine_handle<> resume) noexcept { stage_.suspend(*this, resume); }

/// The stage whose body runs on this thread now; nullptr elsewhere.
[[nodiscard]] StageBase* current_stage() noexcept;

} // namespace weir::detail
