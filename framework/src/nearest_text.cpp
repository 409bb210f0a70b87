#include "nearest_text.hpp"

#include <weir/framework/options.hpp>
#include <weir/framework/redact.hpp>

#include <algorithm>
#include <array>

namespace weir {

namespace {

constexpr std::size_t longest_name = 64; // what is longer is no slip of the finger, and comparing costs the product

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// How many letters to insert, remove, replace or swap with their neighbour make one of the other.
std::size_t distance(std::string_view a, std::string_view b) noexcept {
    using Row = std::array<std::size_t, longest_name + 1>;
    Row before{};
    Row above{};
    Row row{};
    for (std::size_t j = 0; j <= b.size(); ++j)
        above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0U : 1U)});
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
    }
    return above[b.size()];
}

} // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates) {
    if (word.empty() || word.size() > longest_name)
        return std::nullopt;
    const std::string* best = nullptr;
    std::size_t best_distance = longest_name;
    for (const std::string& candidate : candidates) {
        if (candidate.size() > longest_name)
            continue;
        const std::size_t d = distance(word, candidate);
        const std::size_t slips = std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
        if (d <= slips && d < best_distance && d < candidate.size()) { // not: every letter replaced
            best = &candidate;
            best_distance = d;
        }
    }
    if (best)
        return *best;
    // Half a word: the only name that starts so.
    for (const std::string& candidate : candidates) {
        if (word.size() < 3 || !candidate.starts_with(word))
            continue;
        if (best)
            return std::nullopt;
        best = &candidate;
    }
    return best ? std::optional(*best) : std::nullopt;
}

namespace detail {

std::string quoted(std::string_view word) {
    constexpr std::size_t longest = 100;
    std::string text = redact_url(word);
    if (text.size() > longest) {
        text.resize(longest);
        text += "...";
    }
    return "'" + text + "'";
}

std::string joined(const std::vector<std::string>& names) {
    constexpr std::size_t longest = 40;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), longest); ++i)
        text += (i ? ", " : "") + names[i];
    if (names.size() > longest)
        text += " and " + std::to_string(names.size() - longest) + " more";
    return text;
}

std::string unknown_name(std::string_view kind, std::string_view kinds, std::string_view word,
                         const std::vector<std::string>& names) {
    std::string text = "unknown " + std::string(kind) + ' ' + quoted(word);
    if (const auto meant = nearest(word, names))
        text += "; did you mean '" + *meant + "'?";
    return text + (names.empty() ? " (there are no " + std::string(kinds) + ')'
                                 : " (" + std::string(kinds) + ": " + joined(names) + ')');
}

} // namespace detail

} // namespace weir
