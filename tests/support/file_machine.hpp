#pragma once
// A machine made of files, for what reads /proc and /sys.
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

namespace support {

/// A folder that goes with it.
class FileMachine {
public:
    FileMachine() { std::filesystem::create_directories(root_); }
    ~FileMachine() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    FileMachine(const FileMachine&) = delete;
    FileMachine& operator=(const FileMachine&) = delete;

    void write(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text << '\n';
    }
    [[nodiscard]] std::string root() const { return root_.string(); }

private:
    std::filesystem::path root_ =
        std::filesystem::temp_directory_path() / ("weir-machine-" + std::to_string(std::random_device{}()));
};

} // namespace support
