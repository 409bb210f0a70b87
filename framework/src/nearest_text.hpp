#pragma once
// How messages quote what the user wrote and name what he may have meant.
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// The word in quotes, shortened if it is long, without a URL's secrets.
[[nodiscard]] std::string quoted(std::string_view word);
/// "a, b, c", shortened if it is long.
[[nodiscard]] std::string joined(const std::vector<std::string>& names);
/// "unknown option 'witdh'; did you mean 'width'? (options: width, height)".
[[nodiscard]] std::string unknown_name(std::string_view kind, std::string_view kinds, std::string_view word,
                                       const std::vector<std::string>& names);

} // namespace weir::detail
