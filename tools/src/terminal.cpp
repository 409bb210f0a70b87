#include "terminal.hpp"

#include <weir/framework/printable.hpp>
#include <weir/framework/redact.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace weir::tools {

namespace {

// False if the rest cannot be written; errno tells why.
bool write_all(int file, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t count = ::write(file, text.data(), text.size());
        if (count < 0 && errno != EINTR)
            return false;
        text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    return true;
}

} // namespace

Terminal::Terminal(bool quiet) : quiet_(quiet), is_terminal_(isatty(STDERR_FILENO) == 1) {}

Terminal::~Terminal() { finish_progress(); }

void Terminal::message(LogLevel level, std::string_view text) {
    if (quiet_ && level != LogLevel::error)
        return;
    std::string line = level == LogLevel::error ? "weir: error: " : level == LogLevel::warning ? "weir: warning: " : "weir: ";
    line += printable(redact_urls(text), true) + '\n';
    const detail::Lock lock(mutex_);
    if (!line_.empty())
        write('\r' + std::string(count_characters(line_), ' ') + '\r');
    write(line);
    write(line_);
}

void Terminal::progress(std::string_view text) {
    std::string line = printable(text);
    const detail::Lock lock(mutex_);
    if (!is_terminal_) {
        write(line + '\n');
        return;
    }
    const std::size_t before = count_characters(line_);
    const std::size_t now = count_characters(line);
    line_ = std::move(line);
    const std::string rest = before > now ? std::string(before - now, ' ') + std::string(before - now, '\b') : "";
    write('\r' + line_ + rest);
}

void Terminal::finish_progress() {
    const detail::Lock lock(mutex_);
    if (line_.empty())
        return;
    write("\n");
    line_.clear();
}

std::size_t Terminal::width() const noexcept {
    constexpr std::size_t usual = 79;
    winsize size{};
    if (!is_terminal_ || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return usual;
    return size.ws_col - 1U; // a full line would scroll some terminals
}

// There is nobody to tell that standard error is closed.
void Terminal::write(std::string_view text) noexcept { static_cast<void>(write_all(STDERR_FILENO, text)); }

void write_output(std::string_view text) {
    if (!write_all(STDOUT_FILENO, text))
        throw std::system_error(errno, std::generic_category(), "cannot write to standard output");
}

} // namespace weir::tools
