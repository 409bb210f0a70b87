#pragma once
// Standard error as the program uses it: messages, and below them one line of progress.
#include <weir/framework/engine.hpp>
#include <weir/pools/detail/mutex.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::tools {

/// Thread-safe. What it shows is free of control characters and of secrets in URLs.
class Terminal {
public:
    /// `quiet`: only errors are shown.
    explicit Terminal(bool quiet);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    /// "weir: warning: text". Its line feeds stay, for texts that show a place in a graph.
    void message(LogLevel level, std::string_view text);
    /// Replaces the line of progress; on what is no terminal, a line of its own.
    void progress(std::string_view text);
    /// Leaves the line of progress where it is and goes on below it.
    void finish_progress();

    [[nodiscard]] bool is_terminal() const noexcept { return is_terminal_; }
    /// How many characters fit into a line of progress.
    [[nodiscard]] std::size_t width() const noexcept;

private:
    void write(std::string_view text) noexcept WEIR_REQUIRES(mutex_);

    const bool quiet_;
    const bool is_terminal_;
    detail::Mutex mutex_;
    std::string line_ WEIR_GUARDED_BY(mutex_); // the progress that stands there
};

/// Writes all of it to standard output. Throws std::system_error if that is not possible: closed, or the disk is full.
void write_output(std::string_view text);

} // namespace weir::tools
