#pragma once
// `weir run`: a graph from the command line or a file, run to its end.
#include <cstddef>
#include <string>
#include <vector>

namespace weir::tools {

enum class ShowProgress { automatic, always, never };

struct RunOptions {
    std::vector<std::string> graph; ///< one, unless somebody forgot the quotes
    std::string file;               ///< instead of `graph`; "-" is standard input
    unsigned threads = 0;
    std::string stats;
    bool quiet = false;
    bool overwrite = false;
    ShowProgress progress = ShowProgress::automatic;
    std::size_t quota = 0;
    std::size_t capacity = 0;
};

// What the program says with its exit status.
enum ExitStatus : int { done = 0, failed = 1, wrong = 2, interrupted = 130 };

/// The exit status. Errors are printed.
[[nodiscard]] int run(const RunOptions& options);

} // namespace weir::tools
