#pragma once
// How far a run has come, as one line.
#include <weir/framework/pipeline.hpp>

#include "terminal.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

namespace weir::tools {

/// "0:01:23.4  2075 frames  48.2 fps  1.93x  pools 34.2 MiB"; of these, what fits into `width` characters.
[[nodiscard]] std::string progress_text(const Snapshot& snapshot, std::size_t width);

/// Shows the progress of a running pipeline until it is destroyed; then once more, as it is at the end.
class Progress {
public:
    Progress(Terminal& terminal, const Pipeline& pipeline);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

private:
    bool show() const noexcept; // false if there is no memory for it
    void loop();

    Terminal& terminal_;
    const Pipeline& pipeline_;
    detail::Mutex mutex_;
    detail::Condition stop_;
    bool stopping_ WEIR_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

} // namespace weir::tools
