#include <weir/framework/options.hpp>

#include "nearest_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

namespace weir::detail {

namespace {

struct Ending {
    std::string_view text;
    std::uint64_t factor;
};
constexpr std::array<Ending, 7> endings{{{"Ki", 1ULL << 10},
                                         {"Mi", 1ULL << 20},
                                         {"Gi", 1ULL << 30},
                                         {"k", 1'000},
                                         {"K", 1'000},
                                         {"M", 1'000'000},
                                         {"G", 1'000'000'000}}};

// Takes the ending off the value.
std::uint64_t factor_of(std::string_view& value) noexcept {
    for (const Ending& ending : endings) {
        if (value.ends_with(ending.text)) {
            value.remove_suffix(ending.text.size());
            return ending.factor;
        }
    }
    return 1;
}

template <class T> bool read(std::string_view text, T& into) noexcept {
    const char* begin = text.data();
    const char* end = begin + text.size();
    const auto [stopped, error] = std::from_chars(begin, end, into);
    return error == std::errc() && stopped == end;
}

[[noreturn]] void refuse(std::string_view option, std::string_view value, const std::string& why) {
    throw OptionError(std::string(option) + ": " + quoted(value) + ' ' + why, std::string(option));
}

// The magnitude of a whole number with an ending; "1.5M" is one too.
std::uint64_t magnitude(std::string_view option, std::string_view value, std::string_view digits) {
    constexpr double exact = 9007199254740992.0; // 2^53
    const std::uint64_t factor = factor_of(digits);
    std::uint64_t number = 0;
    if (read(digits, number)) {
        if (number > std::numeric_limits<std::uint64_t>::max() / factor)
            refuse(option, value, "is too large");
        return number * factor;
    }
    const bool only_digits = digits.find_first_not_of("0123456789") == std::string_view::npos;
    if (only_digits && !digits.empty())
        refuse(option, value, "is too large");
    double real = 0;
    const bool plain = digits.find_first_not_of("0123456789.") == std::string_view::npos;
    if (!plain || factor == 1 || !read(digits, real))
        refuse(option, value, "is not a whole number");
    real = std::round(real * static_cast<double>(factor) * 1e6) / 1e6; // 0.1k is 100, whatever 0.1 is in binary
    if (real != std::floor(real) || real > exact)
        refuse(option, value, "is not a whole number");
    return static_cast<std::uint64_t>(real);
}

} // namespace

bool parse_bool(std::string_view option, std::string_view value) {
    for (const std::string_view yes : {"yes", "true", "on", "1"})
        if (value == yes)
            return true;
    for (const std::string_view no : {"no", "false", "off", "0"})
        if (value == no)
            return false;
    refuse(option, value, "is neither yes nor no");
}

std::int64_t parse_signed(std::string_view option, std::string_view value, std::int64_t min, std::int64_t max) {
    const bool negative = value.starts_with('-');
    const std::uint64_t amount = magnitude(option, value, value.substr(negative ? 1 : 0));
    // -(min + 1) + 1: the magnitude of the lowest value, without overflow
    const auto most = negative ? static_cast<std::uint64_t>(-(min + 1)) + 1 : static_cast<std::uint64_t>(max);
    if (amount > most)
        refuse(option, value, negative ? "is too small" : "is too large");
    return negative ? -static_cast<std::int64_t>(amount - 1) - 1 : static_cast<std::int64_t>(amount);
}

std::uint64_t parse_unsigned(std::string_view option, std::string_view value, std::uint64_t max) {
    if (value.starts_with('-')) {
        static_cast<void>(magnitude(option, value, value.substr(1)));
        refuse(option, value, "is negative");
    }
    const std::uint64_t amount = magnitude(option, value, value);
    if (amount > max)
        refuse(option, value, "is too large");
    return amount;
}

double parse_number(std::string_view option, std::string_view value) {
    std::string_view digits = value;
    const auto factor = static_cast<double>(factor_of(digits));
    double number = 0;
    if (!read(digits, number) || !std::isfinite(number * factor))
        refuse(option, value, "is not a number");
    return number * factor;
}

Rational parse_rational(std::string_view option, std::string_view value) {
    Rational result;
    if (const auto bar = value.find_first_of("/:"); bar != std::string_view::npos) {
        if (read(value.substr(0, bar), result.num) && read(value.substr(bar + 1), result.den) && result.den > 0)
            return result;
    } else if (const auto dot = value.find('.'); dot == std::string_view::npos) {
        if (read(value, result.num))
            return result;
    } else if (const std::string_view decimals = value.substr(dot + 1); decimals.size() <= 6) {
        // 29.97 is exactly 2997/100
        std::int64_t num = 0;
        std::int64_t den = 1;
        for (std::size_t i = 0; i < decimals.size(); ++i)
            den *= 10;
        if (decimals.find_first_not_of("0123456789") == std::string_view::npos &&
            read(std::string(value.substr(0, dot)).append(decimals), num)) {
            const std::int64_t common = std::gcd(num, den);
            num /= common;
            den /= common;
            if (num >= std::numeric_limits<std::int32_t>::min() && num <= std::numeric_limits<std::int32_t>::max())
                return {static_cast<std::int32_t>(num), static_cast<std::int32_t>(den)};
        }
    }
    refuse(option, value, "is not a fraction such as 30000/1001, 25 or 29.97");
}

std::size_t parse_choice(std::string_view option, std::string_view value, const OptionText& text) {
    for (std::size_t i = 0; i < text.choices.size(); ++i)
        if (text.choices[i] == value)
            return i;
    const auto meant = nearest(value, text.choices);
    refuse(option, value, "is none of " + joined(text.choices) + (meant ? "; did you mean '" + *meant + "'?" : ""));
}

std::vector<std::string> parse_list(std::string_view value) {
    std::vector<std::string> result;
    while (!value.empty()) {
        const auto comma = value.find(',');
        result.emplace_back(value.substr(0, comma));
        if (comma == std::string_view::npos)
            break;
        value.remove_prefix(comma + 1);
    }
    return result;
}

std::string number_text(double value) {
    if (value == std::floor(value) && std::abs(value) < 1e15) // 1000000, not 1e+06
        return std::to_string(static_cast<std::int64_t>(value));
    std::array<char, 32> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return {digits.data(), error == std::errc() ? end : digits.data()};
}

std::string list_text(const std::vector<std::string>& values) {
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i)
        text += (i ? "," : "") + values[i];
    return text;
}

std::string choice_text(std::size_t index, const OptionText& text) {
    return index < text.choices.size() ? text.choices[index] : std::to_string(index);
}

void check_range(std::string_view option, double value, const std::string& shown, const OptionText& text) {
    if (value >= text.min && value <= text.max)
        return;
    const std::string unit = text.unit.empty() ? "" : ' ' + text.unit;
    std::string allowed = "at least " + number_text(text.min);
    if (std::isinf(text.min))
        allowed = "at most " + number_text(text.max);
    else if (!std::isinf(text.max))
        allowed = number_text(text.min) + " to " + number_text(text.max);
    throw OptionError(std::string(option) + ": " + shown + " is out of range (" + allowed + unit + ')', std::string(option));
}

} // namespace weir::detail
