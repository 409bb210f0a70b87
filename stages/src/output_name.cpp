// What an output's name says.
#include <weir/framework/error.hpp>
#include <weir/framework/redact.hpp>

#include "output_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <utility>

namespace weir::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view scheme_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";

/// Where a chain of symbolic links ends, whether or not there is something.
fs::path follow_links(fs::path path) {
    constexpr int longest = 40;
    for (int i = 0; i < longest; ++i) {
        std::error_code failed;
        if (!fs::is_symlink(fs::symlink_status(path, failed)))
            return path;
        const fs::path next = fs::read_symlink(path, failed);
        if (failed)
            return path;
        path = next.is_absolute() ? next : path.parent_path() / next;
    }
    return path;
}

OutputName file_or_device(std::string_view path) {
    OutputName result{.text = std::string(path), .path = follow_links(path).string()};
    struct stat status{};
    if (::stat(result.path.c_str(), &status) == 0) {
        if (S_ISDIR(status.st_mode))
            throw GraphError(fmt::format("'{}' is a folder, not a file", path));
        if (!S_ISREG(status.st_mode))
            result.kind = OutputName::Kind::device;
    }
    return result;
}

OutputName descriptor(std::string_view name, std::string_view number) {
    OutputName result{.kind = OutputName::Kind::descriptor, .text = std::string(name), .descriptor = 1};
    const char* const begin = number.data();
    const char* const end = begin + number.size();
    if (!number.empty()) {
        const auto [stopped, error] = std::from_chars(begin, end, result.descriptor);
        if (error != std::errc{} || stopped != end || result.descriptor < 0)
            throw GraphError(fmt::format("'{}': a pipe is pipe:NUMBER, a file descriptor", name));
    }
    return result;
}

} // namespace

OutputName output_name(std::string_view name) {
    if (name.empty())
        throw GraphError("an empty name is no file and no URL");
    if (name == "-")
        return descriptor(name, {});
    const std::size_t length = name.find_first_not_of(scheme_characters);
    const bool has_scheme = length != std::string_view::npos && length > 0 && name[length] == ':';
    if (!has_scheme)
        return file_or_device(name);
    const std::string_view scheme = name.substr(0, length);
    if (scheme == "pipe")
        return descriptor(name, name.substr(length + 1));
    if (scheme == "file") {
        name.remove_prefix(length + 1);
        return file_or_device(name.starts_with("//") ? name.substr(2) : name);
    }
    OutputName result{.kind = OutputName::Kind::url, .text = std::string(name)};
    // RTSP and its like are containers of FFmpeg's that open their connections themselves.
    if (!avio_find_protocol_name(result.text.c_str()) && !name.starts_with("rtsp"))
        throw GraphError(fmt::format("'{}': there is no protocol '{}' (a file of that name: file:{})", redact_url(name), scheme,
                                     redact_url(name)));
    return result;
}

OutputName output_name(std::string name, std::shared_ptr<ByteWriter> bytes) {
    const bool may_wait = bytes->may_wait();
    return {.kind = OutputName::Kind::bytes, .text = std::move(name), .bytes = std::move(bytes), .bytes_may_wait = may_wait};
}

std::string part_path(const std::string& path, unsigned number) {
    if (number <= 1)
        return path;
    fs::path result(path);
    const std::string extension = result.extension().string();
    result.replace_extension();
    result += fmt::format(".{}{}", number, extension);
    return result.string();
}

} // namespace weir::detail
