#pragma once
// Files that this process reads and writes by its stages: so that no output lands on an input, or on another output.
#include <sys/types.h>

#include <string>

namespace weir::detail {

/// A note that a file is in use, for as long as this lives. Thread-safe.
class FileInUse {
public:
    FileInUse() = default;
    FileInUse(FileInUse&& other) noexcept;
    FileInUse& operator=(FileInUse&& other) noexcept;
    ~FileInUse();

    /// Notes that `who` reads `path`. Throws GraphError if another stage writes it. Does nothing if it is no regular file.
    [[nodiscard]] static FileInUse reading(const std::string& path, const std::string& who);
    /// Notes that `who` will write `path`, which may not exist yet. Throws GraphError if another stage reads or writes it.
    [[nodiscard]] static FileInUse writing(const std::string& path, const std::string& who);

private:
    explicit FileInUse(unsigned long id) noexcept : id_(id) {}
    unsigned long id_ = 0; ///< 0: nothing noted
};

} // namespace weir::detail
