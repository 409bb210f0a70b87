#pragma once
// Text of unknown origin (media, options, paths) for a terminal or a log.
#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

/// The text without what could command a terminal or mislead its reader: control characters, marks that turn the direction
/// of writing, and bytes that are no UTF-8 are shown as \n, \t or \x1B. With `keep_lines` line feeds stay. Thread-safe.
[[nodiscard]] std::string printable(std::string_view text, bool keep_lines = false);

/// How many characters a valid UTF-8 text has.
[[nodiscard]] std::size_t count_characters(std::string_view text) noexcept;

} // namespace weir
