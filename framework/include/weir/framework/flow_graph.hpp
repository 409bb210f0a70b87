#pragma once
// A native oneTBB flow graph in an engine's arena.
#include <weir/framework/detail/flow_group.hpp>
#include <weir/framework/engine.hpp>

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/task_arena.h>

#include <memory>

// oneTBB's graphs are in the one or the other, by version.
namespace tbb::detail::d1 {}
namespace tbb::detail::d2 {}

namespace weir::detail {

[[nodiscard]] oneapi::tbb::task_arena& arena_of(EngineImpl& engine) noexcept;
/// So many native graphs more have their nodes on the engine's workers.
void share_workers(EngineImpl& engine, int graphs) noexcept;

namespace native {
using namespace ::tbb::detail::d1;
using namespace ::tbb::detail::d2;
using Task = graph_task*;
/// What `try_put_task` gives where a message was taken and there is no task to run.
[[nodiscard]] inline Task taken() noexcept { return SUCCESSFULLY_ENQUEUED; }
} // namespace native

} // namespace weir::detail

namespace weir::flow {

/// A `tbb::flow::graph` whose nodes run on the engine's workers. Make it first, then its nodes, then the pipeline: so the
/// pipeline goes first. Not movable. Never use `cancel` or `reset` of the native graph, and let no exception leave a node's
/// body (`guard`): after either, oneTBB's serial nodes are dead.
class Graph {
public:
    explicit Graph(Engine& engine = Engine::standard())
        : engine_(engine.impl()), group_(std::make_shared<detail::FlowGroup>()),
          context_(oneapi::tbb::task_group_context::isolated,
                   oneapi::tbb::task_group_context::default_traits | oneapi::tbb::task_group_context::concurrent_wait) {
        arena().execute([this] { graph_ = std::make_unique<oneapi::tbb::flow::graph>(context_); });
        detail::share_workers(*engine_, 1);
    }
    /// The nodes must be gone, and nothing must have run in them when they went: after the pipeline, `wait` where the graph has
    /// sources of its own.
    ~Graph() { detail::share_workers(*engine_, -1); }
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    [[nodiscard]] oneapi::tbb::flow::graph& native() noexcept { return *graph_; }
    operator oneapi::tbb::flow::graph&() noexcept { return *graph_; } // NOLINT(google-explicit-constructor): it is one

    /// Blocks until no node runs and none is about to. Meanwhile the caller may run what waits for a worker of the engine. Not
    /// from a stage or a node's body. Use it instead of the native `wait_for_all`, of which there must be one at a time.
    void wait() {
        const detail::Lock lock(wait_mutex_);
        graph_->wait_for_all();
    }

    [[nodiscard]] const std::shared_ptr<detail::FlowGroup>& group() const noexcept { return group_; }
    [[nodiscard]] oneapi::tbb::task_arena& arena() const noexcept { return detail::arena_of(*engine_); }

private:
    std::shared_ptr<detail::EngineImpl> engine_;
    std::shared_ptr<detail::FlowGroup> group_;
    detail::Mutex wait_mutex_;
    oneapi::tbb::task_group_context context_;
    std::unique_ptr<oneapi::tbb::flow::graph> graph_;
};

} // namespace weir::flow
