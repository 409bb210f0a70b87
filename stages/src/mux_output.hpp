#pragma once
// What a muxer has written: the part at hand, and those before it.
#include <weir/framework/stage_context.hpp>

#include "file_part.hpp"
#include "open_files.hpp"

#include <memory>
#include <vector>

namespace weir::detail {

/// Outlives the stage's coroutine, to be brought to its end by `end`. Called by one thread at a time; blocks on the file.
class MuxOutput {
public:
    MuxOutput(StageContext& context, const AVOutputFormat& container, OutputName name, const MuxOptions& options)
        : context_(context), container_(container), name_(std::move(name)), options_(options) {}

    /// Begins the first part, or finishes the one at hand and begins the next.
    void begin(const PartPlan& plan, const std::stop_token& stop);
    void write(const std::vector<TimedPacket>& packets, const std::stop_token& stop);
    /// Writes the end of the part at hand. `end` does it where that does not wait for ever.
    void finish(const std::stop_token& stop);
    [[nodiscard]] bool endpoint() const noexcept { return name_.endpoint(); }
    /// All inputs have ended, and what `finish` writes is written.
    void set_complete() noexcept { complete_ = true; }
    /// Gives the files their names, keeps them as partial ones, or deletes them. Throws what the file system says.
    void end(EndReason reason);

    [[nodiscard]] bool begun() const noexcept { return part_ != nullptr; }
    /// Whether there can be another part.
    [[nodiscard]] bool can_divide() const noexcept {
        return name_.kind == OutputName::Kind::file && !(container_.flags & AVFMT_NOFILE);
    }

private:
    void keep_partial();
    void end_bytes(EndReason reason);
    [[nodiscard]] OutputName part_name() const;

    StageContext& context_;
    const AVOutputFormat& container_;
    OutputName name_;
    const MuxOptions& options_;
    std::vector<std::unique_ptr<FilePart>> whole_; ///< finished, not yet named
    std::vector<FileInUse> in_use_;
    std::unique_ptr<FilePart> part_;
    unsigned number_ = 0;
    bool complete_ = false;
};

} // namespace weir::detail
