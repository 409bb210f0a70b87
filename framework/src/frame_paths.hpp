#pragma once
// Where the frames of an output may be: the ways through the graph.
#include "pipeline_impl.hpp"

#include <cstddef>
#include <unordered_map>
#include <vector>

namespace weir::detail {

/// Of a graph whose links are made. For one thread. Each link is looked at once for each question, however many ways lead to
/// it: there are exponentially many in a row of branches that join again.
class FramePaths {
public:
    FramePaths(const std::vector<StageEntry>& stages, const std::vector<Connection>& connections);

    /// What the links and stages behind the output may hold of its frames.
    [[nodiscard]] std::size_t may_hold(const OutputBase& output) const;
    /// What the stages behind it hold, on the way that holds the most, before they let the first frame go.
    [[nodiscard]] std::size_t must_hold(const OutputBase& output);

private:
    struct Way {
        const Connection* connection;
        const StageEntry* to;
    };
    [[nodiscard]] const std::vector<Way>& ways(const OutputBase& output) const;
    /// The outputs through which a stage may pass on what came through `from`.
    template <class F> void for_each_next(const Way& way, const OutputBase& from, F f) const;

    const std::vector<StageEntry>& stages_;
    std::unordered_map<const OutputBase*, std::vector<Way>> ways_;
    std::unordered_map<const OutputBase*, std::size_t> held_;
};

} // namespace weir::detail
