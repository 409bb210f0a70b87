#pragma once
// The file, pipe or device that a muxer writes.
#include <weir/framework/byte_writer.hpp>
#include <weir/stages/av.hpp>

extern "C" {
#include <libavformat/avio.h>
}

#include <memory>
#include <string>
#include <string_view>

namespace weir::detail {

/// What an output's name says.
struct OutputName {
    enum class Kind { file, device, descriptor, url, bytes };
    Kind kind = Kind::file;
    std::string text{};                  ///< as given, for FFmpeg and for messages
    std::string path{};                  ///< of a file or device, symbolic links followed
    int descriptor = -1;                 ///< of `-` and `pipe:N`
    std::shared_ptr<ByteWriter> bytes{}; ///< the application's
    bool bytes_may_wait = false;
    [[nodiscard]] bool endpoint() const noexcept { ///< writing may wait for ever
        return kind == Kind::bytes ? bytes_may_wait : kind != Kind::file;
    }
};
/// Looks at the file system, does not open anything. Throws GraphError for a directory, or a protocol FFmpeg does not have.
[[nodiscard]] OutputName output_name(std::string_view name);
[[nodiscard]] OutputName output_name(std::string name, std::shared_ptr<ByteWriter> bytes);
/// The name of a further part: "out.2.mp4".
[[nodiscard]] std::string part_path(const std::string& path, unsigned number);

/// An open output with libavformat's way to write it. A regular file is written under a temporary name beside its own.
class OutputFile {
public:
    /// Opens it; creates the temporary file. Throws AvError.
    OutputFile(const OutputName& name, bool overwrite);
    ~OutputFile(); ///< removes a temporary file that was neither committed nor kept
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    [[nodiscard]] AVIOContext* io() const noexcept { return io_; }
    /// Under which name it can be read now.
    [[nodiscard]] const std::string& present_path() const noexcept { return temporary_.empty() ? path_ : temporary_; }

    /// Writes out what is buffered and closes. Throws AvError.
    void close();
    /// Closed, it gets its name. Throws AvError; then it is still there under the temporary one.
    void commit();
    /// Closed, it gets a name that says it is not whole; returns that name.
    [[nodiscard]] std::string keep_partial();
    void discard() noexcept;

private:
    static int write(void* self, std::uint8_t* data, int size) noexcept;
    static std::int64_t seek(void* self, std::int64_t offset, int whence) noexcept;
    void open_temporary();
    void free_io() noexcept;

    std::string path_;
    std::string temporary_; ///< empty if it is written directly, or has its name
    bool overwrite_;
    int descriptor_ = -1;
    AVIOContext* io_ = nullptr;
};

} // namespace weir::detail
