#pragma once
// Where the frames of an output may be: the ways through the graph.
#include "pipeline_impl.hpp"

#include <cstddef>
#include <unordered_map>
#include <vector>

namespace weir::detail {

/// Of a graph whose links are made, and of branches that are added to it. For one thread. Each link is looked at once for each
/// question, however many ways lead to it: there are exponentially many in a row of branches that join again.
class FramePaths {
public:
    explicit FramePaths(const PipelineImpl& graph) { add(graph); }
    /// A branch of the graph, before the first question.
    void add(const PipelineImpl& graph);

    /// What the links and stages behind the output may hold of its frames.
    [[nodiscard]] std::size_t may_hold(const OutputBase& output) const;
    /// What the stages behind it hold, on the way that holds the most, before they let the first frame go.
    [[nodiscard]] std::size_t must_hold(const OutputBase& output);

private:
    struct Way {
        const LinkBase* link;
        const StageEntry* to;
        bool feedback;
    };
    [[nodiscard]] const std::vector<Way>& ways(const OutputBase& output) const;
    /// The outputs through which a stage may pass on what came through `from`.
    template <class F> void for_each_next(const Way& way, const OutputBase& from, F f) const;

    std::vector<const PipelineImpl*> graphs_;
    std::unordered_map<const OutputBase*, std::vector<Way>> ways_;
    std::unordered_map<const OutputBase*, std::size_t> held_;
};

} // namespace weir::detail
