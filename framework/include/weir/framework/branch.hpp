#pragma once
// Stages that are added to a running pipeline, and taken away again.
#include <weir/framework/pipeline.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace weir {

/// How a branch is taken away.
enum class Detach : std::uint8_t {
    drain,   ///< its streams end after what was put before; all of that is delivered
    discard, ///< at once; what is under way in it is discarded
};

struct BranchOptions {
    bool fails_pipeline = false; ///< an error in it ends the pipeline; else the branch alone, and the attachment tells
};

/// Stages to be attached to one pipeline: built like a pipeline, and joined to outputs of that by the same `>>` and `connect`:
/// `camera >> branch.add("encode", ...) >> branch.add("write", ...)`. It runs from `Pipeline::attach` until it is detached, all
/// its streams have ended, it fails, or the pipeline ends. It counts as a pipeline among those that the engine may run. Its
/// stages are called "name/stage" in reports. Used by one thread at a time; not to be used after its pipeline is gone.
class Branch {
public:
    explicit Branch(Pipeline& pipeline, std::string name = "branch", BranchOptions options = {});
    Branch(Branch&&) noexcept = default;
    Branch& operator=(Branch&&) noexcept = default;
    Branch(const Branch&) = delete;
    Branch& operator=(const Branch&) = delete;
    ~Branch();

    /// As Pipeline::add.
    template <class... Stage> auto add(std::string name, Stage&&... stage) {
        return graph_->add(std::move(name), std::forward<Stage>(stage)...);
    }
    AnyStage add(std::string name, std::unique_ptr<StageDefinition> definition, StageOptions options = {}) {
        return graph_->add(std::move(name), std::move(definition), options);
    }
    /// As Pipeline::connect; `from` is the branch's or the pipeline's.
    template <class From, class To> void connect(const From& from, const To& to, const LinkOptions& options = {}) {
        graph_->connect(from, to, options);
    }
    template <class In, class Out> void set(const StageRef<In, Out>& stage, const StageOptions& options) {
        graph_->set(stage, options);
    }
    /// Called once at its end, on a thread of the engine, before `wait` returns. Not if `attach` throws before anything ran.
    void on_end(std::function<void(EndReason)> f) { graph_->on_end(std::move(f)); }

private:
    friend class Pipeline;
    std::shared_ptr<Pipeline> graph_;
};

/// A branch that was attached. A handle that shares; may outlive the pipeline. Thread-safe, as far as it is not assigned to.
class Attachment {
public:
    Attachment() = default;

    /// Asks for the end, and returns at once: may be called anywhere, by stages too. A drain may be followed by a discard.
    void end(Detach how = Detach::drain) const noexcept;
    /// Blocks until the branch has ended, and everything of it is gone from the pipeline; throws the Error that ended it (its
    /// own, or the pipeline's), or Cancelled if it was cut short. Throws WrongThread in a stage's body or a callback.
    void wait() const;
    /// True once it has ended.
    [[nodiscard]] bool finished() const noexcept;
    /// The branch's own figures: now, or those of its end. Locks; allocates.
    [[nodiscard]] Snapshot snapshot() const;
    /// As Pipeline::set_option, for a stage of the branch.
    void set_option(std::string_view stage, std::string_view option, std::string_view value) const;
    /// False for one that was default-constructed: nothing else may then be called.
    explicit operator bool() const noexcept { return graph_ != nullptr; }

private:
    friend class Pipeline;
    explicit Attachment(std::shared_ptr<Pipeline> graph) noexcept : graph_(std::move(graph)) {}
    std::shared_ptr<Pipeline> graph_;
};

template <class From> Attachment Pipeline::attach(const From& from, Branch&& branch, const LinkOptions& options) {
    const detail::PortRef to{branch.graph_->impl_.get(), 0, {}};
    static_cast<void>(detail::connect(out_ref(from), to, options));
    return attach(std::move(branch));
}

} // namespace weir
