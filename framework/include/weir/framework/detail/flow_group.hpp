#pragma once
// What the ports of one native graph share: who still sends, what is live among native nodes, which errors nobody has taken.
#include <weir/framework/detail/stage_base.hpp>
#include <weir/framework/stage_context.hpp>
#include <weir/pools/detail/mutex.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::detail {

class FlowGroup;

enum class FlowSide : std::uint8_t { sender, receiver };

/// One end of a native graph. Its stage is known while it waits.
class FlowPort { // NOLINT(cppcoreguidelines-virtual-class-destructor): nobody deletes it by this base
public:
    FlowPort(const FlowPort&) = delete;
    FlowPort& operator=(const FlowPort&) = delete;

    // The stage's, for its wait. Once attached, changes are told with `signal`.
    void attach(StageBase& stage) noexcept;
    void detach() noexcept;
    [[nodiscard]] const std::string& waits_for() const noexcept { return waits_for_; }
    [[nodiscard]] FlowGroup& group() const noexcept { return *group_; }
    /// Frees what waits in it.
    virtual void discard() noexcept = 0;

protected:
    /// `waits_for` is shown where its stage waits.
    FlowPort(std::shared_ptr<FlowGroup> group, FlowSide side, std::string waits_for);
    virtual ~FlowPort();

    const std::shared_ptr<FlowGroup> group_;

private:
    friend class FlowGroup;
    const FlowSide side_;
    const std::string waits_for_;
    // guarded by the group's mutex
    StageBase* stage_ = nullptr;
    bool open_ = true;
    bool ran_ = false;
};

/// Thread-safe. One lock for all ports of a graph: held for a few instructions.
class FlowGroup {
public:
    FlowGroup() { errors_.reserve(16); }
    FlowGroup(const FlowGroup&) = delete;
    FlowGroup& operator=(const FlowGroup&) = delete;

    mutable Mutex mutex;
    void tell(FlowPort& port) noexcept WEIR_REQUIRES(mutex) {
        if (port.stage_)
            port.stage_->signal();
    }
    void tell_all() noexcept WEIR_REQUIRES(mutex);

    // A port joins when it is made and leaves when it goes. A receiver waits for every sender there is.
    void add(FlowPort& port) WEIR_EXCLUDES(mutex);
    void remove(FlowPort& port) noexcept WEIR_EXCLUDES(mutex);
    /// It gets a stage, perhaps another one: what it was before does not count any more.
    void expect(FlowPort& port) noexcept WEIR_EXCLUDES(mutex);
    /// Its stage begins, perhaps anew.
    void open(FlowPort& port) noexcept WEIR_EXCLUDES(mutex);
    /// Its stage is over. True if no other port's stage runs: then the caller waits until the graph is idle.
    [[nodiscard]] bool leave() noexcept WEIR_EXCLUDES(mutex);
    /// Frees what is in receivers whose stages have never run. For a pipeline that was cut short before they could.
    void discard_unopened() noexcept WEIR_EXCLUDES(mutex);
    /// A sender has sent all, a receiver takes no more. Once is enough.
    void close(FlowPort& port) noexcept WEIR_EXCLUDES(mutex);
    [[nodiscard]] bool has_senders() const noexcept WEIR_EXCLUDES(mutex);
    /// All receivers that there were have closed.
    [[nodiscard]] bool unread() const noexcept WEIR_REQUIRES(mutex) { return receivers_.made > 0 && receivers_.open == 0; }
    [[nodiscard]] bool all_sent() const noexcept WEIR_REQUIRES(mutex) { return senders_.made > 0 && senders_.open == 0; }
    /// Nothing more can come to a receiver from the senders.
    [[nodiscard]] bool over() const noexcept WEIR_REQUIRES(mutex) { return all_sent() && awaited == 0; }
    /// No receiver is left that would take anything.
    [[nodiscard]] bool settled() const noexcept WEIR_REQUIRES(mutex) { return receivers_.open == 0; }

    /// What a body of the user's threw. Kept until a port takes it. Does not throw; without memory the first
    /// sixteen are kept.
    void fail(std::exception_ptr error) noexcept WEIR_EXCLUDES(mutex);
    /// For a receiver, or for a sender of a graph that has none.
    [[nodiscard]] bool has_error(FlowSide side) const noexcept WEIR_REQUIRES(mutex) {
        return !errors_.empty() && (side == FlowSide::receiver || receivers_.made == 0);
    }
    [[nodiscard]] std::exception_ptr take_error(FlowSide side) noexcept WEIR_EXCLUDES(mutex);

    /// Guarded bodies are called no more: what is under way is to go as fast as it can.
    void stop() noexcept { stopping_.store(true, std::memory_order_relaxed); } // relaxed: a hint, what it skips is lost anyway
    [[nodiscard]] bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

    std::size_t awaited WEIR_GUARDED_BY(mutex) = 0; ///< items that must come back before the receivers may end

private:
    struct Count {
        std::size_t made = 0;
        std::size_t open = 0;
    };
    [[nodiscard]] Count& count(const FlowPort& port) noexcept WEIR_REQUIRES(mutex) {
        return port.side_ == FlowSide::sender ? senders_ : receivers_;
    }

    std::vector<FlowPort*> ports_ WEIR_GUARDED_BY(mutex);
    Count senders_ WEIR_GUARDED_BY(mutex);
    Count receivers_ WEIR_GUARDED_BY(mutex);
    std::size_t running_ WEIR_GUARDED_BY(mutex) = 0; ///< ports whose stages run
    std::vector<std::exception_ptr> errors_ WEIR_GUARDED_BY(mutex);
    std::atomic<bool> stopping_{false};
};

/// A port's stage waits for native nodes: for the stall rule, and in reports, that is the application. `ready()` is the derived
/// class's.
class FlowWait : public Wait {
public:
    void publish() noexcept final {
        stage_.waits_for(&flow_port_.waits_for());
        flow_port_.attach(stage_);
    }
    void unpublish() noexcept final { flow_port_.detach(); }

protected:
    FlowWait(StageContext& context, FlowPort& port) noexcept
        : Wait(context.base(), WaitKind::event, nullptr), flow_port_(port) {}
    ~FlowWait() { flow_port_.detach(); }

private:
    FlowPort& flow_port_;
};

} // namespace weir::detail
