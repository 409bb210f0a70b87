#pragma once
// Secrets in URLs must not reach logs, errors, statistics or pages.
#include <string>
#include <string_view>

namespace weir {

/// The URL with user info, query, fragment and, for RTMP, the stream key shown as ***. Also those of URLs inside it
/// (`concat:http://a@b/c|...`). What is no URL (a file's name) stays as it is. Thread-safe.
[[nodiscard]] std::string redact_url(std::string_view url);

/// A text in which URLs may stand anywhere, ended by white space or quotes; each is redacted.
[[nodiscard]] std::string redact_urls(std::string_view text);

} // namespace weir
