#pragma once
// Lines that a stage writes into a file, a batch at a time, on an I/O thread.
#include <weir/framework/offload.hpp>

#include "open_files.hpp"
#include "output_file.hpp"

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace weir::detail {

/// The file: appears under its name when the stage has ended well; after an error or a cancel there is none. Pipes and
/// terminals get the lines as they come. Made with the stage, shared with what runs at its end; used by one thread at a time.
class LineFile {
public:
    /// Throws GraphError if the target is a folder or a URL.
    LineFile(const std::string& target, bool overwrite);
    ~LineFile();
    LineFile(const LineFile&) = delete;
    LineFile& operator=(const LineFile&) = delete;

    /// Whether writing may wait for ever: a pipe, a terminal.
    [[nodiscard]] bool endpoint() const noexcept { return name_.endpoint(); }
    /// Throws GraphError if the file may not be made or replaced, or is read or written by another stage. `who`: the stage.
    void claim(const std::string& who);
    /// Begins anew: a stage may be run again.
    void begin() noexcept;
    /// Throws AvError. Returns early when asked to stop.
    void write(std::string_view text, const std::stop_token& stop);
    /// What the stage's end means for the file. Throws AvError.
    void end(EndReason reason);

private:
    void write_directly(std::string_view text, const std::stop_token& stop);
    void open_directly(const std::stop_token& stop);

    OutputName name_;
    bool overwrite_;
    FileInUse use_;
    std::optional<OutputFile> file_; ///< of a regular file
    int descriptor_ = -1;            ///< of anything else
};

/// A stage's way to it, in its body: append lines to `text`, and when it is `due`, `co_await write()`.
class LineOutput {
public:
    LineOutput(StageContext& context, std::shared_ptr<LineFile> file) : file_(std::move(file)) {
        file_->begin();
        context.on_end([file = file_](EndReason reason) { file->end(reason); });
    }

    std::string text;

    /// Call after each line.
    [[nodiscard]] bool due() noexcept { return ++lines_ == lines_a_batch; }
    /// To be awaited where this lives.
    [[nodiscard]] auto write() {
        lines_ = 0;
        writing_.swap(text);
        text.clear();
        return offload([this](const std::stop_token& stop) { file_->write(writing_, stop); });
    }

private:
    static constexpr unsigned lines_a_batch = 16;
    std::shared_ptr<LineFile> file_;
    std::string writing_;
    unsigned lines_ = 0;
};

} // namespace weir::detail
