#include <weir/framework/redact.hpp>

#include <algorithm>
#include <array>

namespace weir {

namespace {

constexpr std::string_view hidden = "***";

bool is_scheme_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

bool has_stream_key(std::string_view scheme) noexcept {
    constexpr std::array<std::string_view, 7> with_key{"rtmp", "rtmps", "rtmpt", "rtmpe", "rtmpte", "rtmpts", "ffrtmphttp"};
    std::string lower(scheme);
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return std::ranges::find(with_key, lower) != with_key.end();
}

// Where the user info at the start of `rest` ends: past its '@'; 0 if there is none. `last_at`: the last '@' of the URL.
std::size_t user_info_end(std::string_view rest, std::size_t last_at) noexcept {
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#|"));
    if (const auto at = authority.rfind('@'); at != std::string_view::npos)
        return at + 1;
    // "user:pa/ss@host": nobody escaped the password. A port would be a number.
    const auto colon = authority.rfind(':');
    const bool port = colon == std::string_view::npos || authority.ends_with(']') ||
                      authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
    return port || last_at == std::string_view::npos ? 0 : last_at + 1;
}

// How much of "host/app/key" may be shown.
std::size_t before_stream_key(std::string_view path) noexcept {
    const auto app = path.find('/');
    const auto key = app == std::string_view::npos ? app : path.find_first_of("/ ", app + 1);
    return key == std::string_view::npos ? path.size() : key + 1;
}

// `stops`: the characters that end a URL. Linear in the text's length, whatever is in it.
std::string redact(std::string_view text, std::string_view stops) {
    constexpr std::string_view mark = "://";
    std::string result;
    std::size_t end = 0; // of the URL, and of those inside it
    std::size_t last_at = std::string_view::npos;
    std::size_t position = 0;
    while (true) {
        const std::size_t colon = text.find(mark, position);
        if (colon == std::string_view::npos)
            return result.append(text.substr(position));
        std::size_t begin = colon;
        while (begin > position && is_scheme_char(text[begin - 1]))
            --begin;
        const std::string_view scheme = text.substr(begin, colon - begin);
        result.append(text.substr(position, colon + mark.size() - position));
        position = colon + mark.size();
        if (position > end) {
            end = std::min(text.find_first_of(stops, position), text.size());
            last_at = text.substr(position, end - position).rfind('@');
            if (last_at != std::string_view::npos)
                last_at += position;
        }
        const bool at_follows = last_at != std::string_view::npos && last_at >= position;
        if (const std::size_t length = user_info_end(text.substr(position, end - position),
                                                     at_follows ? last_at - position : std::string_view::npos)) {
            result.append(hidden).append("@");
            position += length;
        }
        // Another URL inside this one's path is the next to be looked at; inside the query, it is hidden with the rest.
        std::string_view path = text.substr(position, std::min(text.find(mark, position), end) - position);
        path = path.substr(0, path.find_first_of("?#"));
        std::size_t shown = path.size();
        if (has_stream_key(scheme))
            shown = before_stream_key(path);
        result.append(path.substr(0, shown));
        position += path.size();
        if (shown < path.size())
            result.append(hidden);
        if (position < end && (text[position] == '?' || text[position] == '#')) {
            result.append(text.substr(position, 1)).append(hidden);
            position = end;
        }
    }
}

} // namespace

std::string redact_url(std::string_view url) { return redact(url, "\n"); }

std::string redact_urls(std::string_view text) { return redact(text, " \t\r\n\"'`<>"); }

} // namespace weir
