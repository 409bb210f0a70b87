#include "output_file.hpp"

#include <weir/framework/redact.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <new>
#include <random>
#include <utility>

namespace weir::detail {
namespace {

namespace fs = std::filesystem;

constexpr int buffer_bytes = 256 * 1024;
constexpr std::size_t longest_name = 200; ///< of the 255 bytes file systems allow

[[noreturn]] void fail(const std::string& what, int error = errno) { throw AvError(what, AVERROR(error)); }

/// Gives a file a name that is not taken. Returns 0 or an errno.
int rename_to_free(const std::string& from, const std::string& to) noexcept {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    // A file system that cannot do it in one step: a link does not replace either.
    if (::link(from.c_str(), to.c_str()) != 0)
        return errno;
    ::unlink(from.c_str());
    return 0;
}

} // namespace

OutputFile::OutputFile(const OutputName& name, bool overwrite) : path_(name.path), overwrite_(overwrite) {
    bool seekable = true;
    switch (name.kind) {
    case OutputName::Kind::file: open_temporary(); break;
    case OutputName::Kind::device:
        descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
        if (descriptor_ < 0)
            fail(fmt::format("opening '{}'", path_));
        seekable = ::lseek(descriptor_, 0, SEEK_CUR) >= 0;
        break;
    case OutputName::Kind::descriptor:
        path_ = name.text;
        descriptor_ = ::fcntl(name.descriptor, F_DUPFD_CLOEXEC, 3);
        if (descriptor_ < 0)
            fail(fmt::format("opening '{}'", name.text));
        seekable = false;
        break;
    case OutputName::Kind::url:
    case OutputName::Kind::bytes: throw std::logic_error("that is no file");
    }
    auto* buffer = static_cast<unsigned char*>(av_malloc(buffer_bytes));
    io_ = buffer ? avio_alloc_context(buffer, buffer_bytes, 1, this, nullptr, &OutputFile::write,
                                      seekable ? &OutputFile::seek : nullptr)
                 : nullptr;
    if (!io_) {
        av_free(buffer);
        discard();
        throw std::bad_alloc();
    }
    if (!seekable)
        io_->seekable = 0;
}

void OutputFile::open_temporary() {
    struct stat status{};
    const bool exists = ::stat(path_.c_str(), &status) == 0;
    const fs::path target(path_);
    std::random_device random;
    for (;;) {
        const std::uint64_t number = std::uint64_t{random()} << 32 | random();
        temporary_ =
            (target.parent_path() / fmt::format(".{}.{:016x}.part", target.filename().string().substr(0, longest_name), number))
                .string();
        descriptor_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (descriptor_ >= 0)
            break;
        if (errno != EEXIST) {
            const int error = errno;
            temporary_.clear();
            fail(fmt::format("creating '{}'", path_), error);
        }
    }
    if (exists) // the new file is as readable as the one it replaces
        static_cast<void>(::fchmod(descriptor_, status.st_mode & 07777));
}

OutputFile::~OutputFile() { discard(); }

int OutputFile::write(void* opaque, std::uint8_t* data, int size) noexcept {
    const auto& self = *static_cast<const OutputFile*>(opaque);
    int done = 0;
    while (done < size) {
        const ssize_t written = ::write(self.descriptor_, data + done, static_cast<std::size_t>(size - done));
        if (written < 0) {
            if (errno == EINTR)
                continue;
            return AVERROR(errno);
        }
        done += static_cast<int>(written);
    }
    return size;
}

std::int64_t OutputFile::seek(void* opaque, std::int64_t offset, int whence) noexcept {
    const auto& self = *static_cast<const OutputFile*>(opaque);
    if (whence & AVSEEK_SIZE) {
        struct stat status{};
        return ::fstat(self.descriptor_, &status) == 0 ? status.st_size : AVERROR(errno);
    }
    const off_t position = ::lseek(self.descriptor_, offset, whence & ~AVSEEK_FORCE);
    return position < 0 ? AVERROR(errno) : position;
}

void OutputFile::free_io() noexcept {
    if (!io_)
        return;
    av_freep(&io_->buffer);
    avio_context_free(&io_);
}

void OutputFile::close() {
    if (descriptor_ < 0)
        return;
    int error = 0;
    if (io_) {
        avio_flush(io_);
        error = io_->error < 0 ? io_->error : 0;
    }
    free_io();
    // Some file systems tell only here that the last bytes did not fit.
    if (::close(std::exchange(descriptor_, -1)) != 0 && error == 0 && errno != EINTR)
        error = AVERROR(errno);
    if (error < 0)
        throw AvError(fmt::format("writing '{}'", redact_url(path_)), error);
}

void OutputFile::commit() {
    if (temporary_.empty())
        return;
    int error = 0;
    if (overwrite_)
        error = ::rename(temporary_.c_str(), path_.c_str()) == 0 ? 0 : errno;
    else
        error = rename_to_free(temporary_, path_);
    if (error != 0)
        fail(fmt::format("giving the finished file its name '{}'", path_), error);
    temporary_.clear();
}

std::string OutputFile::keep_partial() {
    constexpr int most_names = 100;
    if (temporary_.empty())
        return path_;
    const fs::path target(path_);
    for (int number = 1; number <= most_names; ++number) {
        fs::path name = target;
        name.replace_extension();
        name += number == 1 ? ".partial" : fmt::format(".partial-{}", number);
        name += target.extension();
        const int error = rename_to_free(temporary_, name.string());
        if (error == 0) {
            temporary_.clear();
            return name.string();
        }
        if (error != EEXIST)
            break;
    }
    return std::exchange(temporary_, {}); // then it stays where it is
}

void OutputFile::discard() noexcept {
    free_io();
    if (descriptor_ >= 0)
        ::close(std::exchange(descriptor_, -1));
    if (!temporary_.empty())
        ::unlink(temporary_.c_str());
    temporary_.clear();
}

} // namespace weir::detail
