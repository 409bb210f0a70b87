#include <weir/framework/printable.hpp>

#include <algorithm>
#include <cstdint>

namespace weir {

namespace {

unsigned byte(char c) noexcept { return static_cast<unsigned char>(c); }

// The length of the valid UTF-8 character that begins there, 0 if there is none; `code` becomes its number.
std::size_t character(std::string_view text, std::uint32_t& code) noexcept {
    const unsigned first = byte(text[0]);
    std::size_t length = 0;
    std::uint32_t lowest = 0;
    if (first < 0x80) {
        code = first;
        return 1;
    }
    if (first >= 0xC2 && first < 0xE0) {
        length = 2;
        lowest = 0x80;
        code = first & 0x1F;
    } else if (first >= 0xE0 && first < 0xF0) {
        length = 3;
        lowest = 0x800;
        code = first & 0x0F;
    } else if (first >= 0xF0 && first < 0xF5) {
        length = 4;
        lowest = 0x10000;
        code = first & 0x07;
    }
    if (length == 0 || text.size() < length)
        return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(text[i]) & 0xC0) != 0x80)
            return 0;
        code = (code << 6) | (byte(text[i]) & 0x3F);
    }
    return code < lowest || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000) ? 0 : length;
}

bool is_harmless(std::uint32_t code) noexcept {
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    const bool separator = code == 0x2028 || code == 0x2029;
    const bool direction = code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
                           (code >= 0x2066 && code <= 0x2069) || code == 0x061C;
    return !control && !separator && !direction;
}

} // namespace

std::string printable(std::string_view text, bool keep_lines) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        std::uint32_t code = 0;
        const std::size_t length = character(text, code);
        if (length != 0 && (is_harmless(code) || (keep_lines && code == '\n'))) {
            result.append(text.substr(0, length));
        } else if (text[0] == '\n') {
            result += "\\n";
        } else if (text[0] == '\t') {
            result += "\\t";
        } else {
            for (std::size_t i = 0; i < std::max<std::size_t>(length, 1); ++i)
                ((result += "\\x") += hex[byte(text[i]) >> 4]) += hex[byte(text[i]) & 15];
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return result;
}

std::size_t count_characters(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (byte(c) & 0xC0) != 0x80; }));
}

} // namespace weir
