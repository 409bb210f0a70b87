#include "output_file.hpp"

#include "terminal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace weir::tools {

namespace {

[[noreturn]] void fail(int error, const std::string& path) {
    throw std::system_error(error, std::generic_category(), "cannot write '" + path + "'");
}

class File {
public:
    File(const std::string& path, int flags, mode_t mode) noexcept : number_(open(path.c_str(), flags | O_CLOEXEC, mode)) {}
    ~File() {
        if (number_ >= 0)
            close(number_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
    [[nodiscard]] int number() const noexcept { return number_; }
    [[nodiscard]] int write(std::string_view content) const noexcept { // 0, or errno
        while (!content.empty()) {
            const ssize_t count = ::write(number_, content.data(), content.size());
            if (count < 0 && errno != EINTR)
                return errno;
            if (count > 0)
                content.remove_prefix(static_cast<std::size_t>(count));
        }
        return 0;
    }
    [[nodiscard]] int finish() noexcept { // some file systems tell only here that the disk is full
        const int number = number_;
        number_ = -1;
        return close(number) == 0 ? 0 : errno;
    }

private:
    int number_;
};

void replace(const std::string& path, std::string_view content, const struct stat* existing) {
    std::string temporary;
    for (unsigned attempt = 0;; ++attempt) {
        temporary = path + '.' + std::to_string(getpid()) + '.' + std::to_string(attempt) + ".tmp";
        File file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (!file.is_open() && errno == EEXIST && attempt < 100)
            continue;
        if (!file.is_open())
            fail(errno, path);
        int error = existing && fchmod(file.number(), existing->st_mode & 07777) != 0 ? errno : file.write(content);
        if (const int last = file.finish(); error == 0)
            error = last;
        if (error == 0 && std::rename(temporary.c_str(), path.c_str()) != 0)
            error = errno;
        if (error != 0) {
            unlink(temporary.c_str());
            fail(error, path);
        }
        return;
    }
}

} // namespace

void write_file(const std::string& path, std::string_view content) {
    if (path == "-") {
        write_output(content);
        return;
    }
    struct stat found{};
    const bool exists = stat(path.c_str(), &found) == 0;
    if (!exists || S_ISREG(found.st_mode)) {
        replace(path, content, exists ? &found : nullptr);
        return;
    }
    const File file(path, O_WRONLY, 0);
    const int error = file.is_open() ? file.write(content) : errno;
    if (error != 0)
        fail(error, path);
}

} // namespace weir::tools
