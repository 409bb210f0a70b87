#include "line_output.hpp"

#include <weir/framework/error.hpp>
#include <weir/framework/redact.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <thread>
#include <utility>

namespace weir::detail {
namespace {

using namespace std::chrono_literals;

/// A reader that went away is an error of the stage, not a signal that ends the application.
class NoBrokenPipeSignal {
public:
    NoBrokenPipeSignal() noexcept {
        sigset_t pending;
        sigemptyset(&signal_);
        sigaddset(&signal_, SIGPIPE);
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    }
    ~NoBrokenPipeSignal() {
        if (!was_pending_) {
            const timespec no_time_at_all{};
            sigtimedwait(&signal_, nullptr, &no_time_at_all); // takes the one that we caused, if any
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    NoBrokenPipeSignal(const NoBrokenPipeSignal&) = delete;
    NoBrokenPipeSignal& operator=(const NoBrokenPipeSignal&) = delete;

private:
    sigset_t signal_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

} // namespace

LineFile::LineFile(const std::string& target, bool overwrite) : name_(output_name(target)), overwrite_(overwrite) {
    if (name_.kind == OutputName::Kind::url)
        throw GraphError("'" + redact_url(target) + "' is no file");
}

LineFile::~LineFile() { begin(); }

void LineFile::claim(const std::string& who) {
    if (name_.kind != OutputName::Kind::file)
        return;
    struct stat status{};
    if (::stat(name_.path.c_str(), &status) == 0) {
        if (!overwrite_)
            throw GraphError("'" + name_.path + "' exists already; to replace it, say overwrite=yes");
    } else {
        const auto folder = std::filesystem::path(name_.path).parent_path();
        if (!folder.empty() && !std::filesystem::is_directory(folder))
            throw GraphError("'" + name_.path + "' cannot be made: there is no folder '" + folder.string() + "'");
    }
    use_ = FileInUse::writing(name_.path, who);
}

void LineFile::begin() noexcept {
    file_.reset();
    if (descriptor_ >= 0)
        ::close(std::exchange(descriptor_, -1));
}

void LineFile::write(std::string_view text, const std::stop_token& stop) {
    if (endpoint()) {
        write_directly(text, stop);
        return;
    }
    if (!file_)
        file_.emplace(name_, overwrite_);
    AVIOContext* io = file_->io();
    avio_write(io, reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    avio_flush(io);
    av::check(io->error, "writing '" + name_.text + "'");
}

void LineFile::open_directly(const std::stop_token& stop) {
    if (name_.kind == OutputName::Kind::descriptor)
        descriptor_ = ::fcntl(name_.descriptor, F_DUPFD_CLOEXEC, 3);
    else
        for (;;) { // a named pipe has to wait for its reader
            descriptor_ = ::open(name_.path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
            if (descriptor_ >= 0 || errno != ENXIO || stop.stop_requested())
                break;
            std::this_thread::sleep_for(20ms);
        }
    if (descriptor_ < 0 && !stop.stop_requested())
        throw AvError("opening '" + name_.text + "'", AVERROR(errno));
}

void LineFile::write_directly(std::string_view text, const std::stop_token& stop) {
    constexpr std::size_t taken_at_once = 4096; // by a pipe that says it is ready, and that is not ours to make non-blocking
    if (descriptor_ < 0)
        open_directly(stop);
    const NoBrokenPipeSignal guard;
    while (!text.empty() && !stop.stop_requested()) {
        pollfd ready{descriptor_, POLLOUT, 0};
        if (::poll(&ready, 1, 50) == 0) // a look at `stop` in between
            continue;
        const ssize_t written = ::write(descriptor_, text.data(), std::min(text.size(), taken_at_once));
        if (written >= 0)
            text.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR && errno != EAGAIN)
            throw AvError("writing '" + name_.text + "'", AVERROR(errno));
    }
}

void LineFile::end(EndReason reason) {
    if (!endpoint() && (reason == EndReason::finished || reason == EndReason::drained)) {
        if (!file_)
            file_.emplace(name_, overwrite_);
        file_->close();
        file_->commit();
    }
    begin();
}

} // namespace weir::detail
