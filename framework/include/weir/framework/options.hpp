#pragma once
// The options of a stage: one definition, from which parsing, checks, help and `weir inspect` come.
#include <weir/framework/error.hpp>
#include <weir/pools/rational.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// A word of a stage's statement: `key=value`, or a value alone (`key` empty).
struct Argument {
    std::string key;
    std::string value;
};

/// An option that does not exist, is out of its range, or is missing. The text names it, says what is allowed and
/// suggests the nearest right name.
struct OptionError : GraphError {
    static constexpr auto no_argument = static_cast<std::size_t>(-1);

    using GraphError::GraphError;
    OptionError(const std::string& text, std::string name) : GraphError(text), option(std::move(name)) {}

    std::string option{};               ///< its name, where one is to blame
    std::size_t argument = no_argument; ///< which of the arguments given to `parse`, where one is to blame
};

/// What is said of an option besides its name and member.
struct OptionText {
    std::string help;   ///< one line
    std::string unit{}; ///< "px", "Hz", "bit/s", "s"
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
    std::vector<std::string>
        choices{};           ///< for enumerations: the names of the values 0, 1, 2 ... in order; for texts: all there are
    bool positional = false; ///< may be given without its name, in the order of the table
    bool required = false;
    bool live = false; ///< may be changed while the stage runs
};

/// One option, for help and machines.
struct OptionInfo {
    std::string name;
    std::string type; ///< "integer", "number", "text", "yes/no", "choice", "fraction", "list"; "options" for the rest
    std::string default_value;
    OptionText text;
};

/// The name in `candidates` nearest to `word`, if any is near enough to be meant.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

namespace detail {

template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;

[[nodiscard]] bool parse_bool(std::string_view option, std::string_view value);
[[nodiscard]] std::int64_t parse_signed(std::string_view option, std::string_view value, std::int64_t min, std::int64_t max);
[[nodiscard]] std::uint64_t parse_unsigned(std::string_view option, std::string_view value, std::uint64_t max);
[[nodiscard]] double parse_number(std::string_view option, std::string_view value);
[[nodiscard]] Rational parse_rational(std::string_view option, std::string_view value);
[[nodiscard]] std::size_t parse_choice(std::string_view option, std::string_view value, const OptionText& text);
[[nodiscard]] std::vector<std::string> parse_list(std::string_view value);
[[nodiscard]] std::string number_text(double value);
[[nodiscard]] std::string list_text(const std::vector<std::string>& values);
[[nodiscard]] std::string choice_text(std::size_t index, const OptionText& text);
void check_range(std::string_view option, double value, const std::string& shown, const OptionText& text);

/// Throws OptionError if the value is not one that `text` allows.
template <class T> void check_value(const T& value, std::string_view option, const OptionText& text);

/// What all tables share: the way arguments find their options. Values are members of a struct behind a `void*`.
class OptionTableBase {
public:
    struct Entry {
        std::function<void(void*, std::string_view value, bool first)> set{};
        std::function<bool(void*, std::string_view)> word{}; // of add_word
        std::function<void(const void*)> check{};            // its range
        std::function<bool(const void*)> is_default{};       // for required ones
        bool flag = false;                                   // its name alone means yes
        bool list = false;                                   // may be given again
    };

    [[nodiscard]] const std::vector<OptionInfo>& infos() const noexcept { return infos_; }

protected:
    using Rest = std::function<void(void*, const std::string& key, const std::string& value)>;

    void add_entry(OptionInfo info, Entry entry);
    void set_rest(OptionInfo info, Rest rest);
    void parse_into(void* options, const std::vector<Argument>& arguments) const;
    void check_all(const void* options) const;
    void change_one(void* options, std::string_view name, std::string_view value) const;

private:
    void parse_named(void* options, const Argument& argument, std::vector<bool>& given) const;
    void parse_word(void* options, const std::string& word, std::vector<bool>& given) const;
    [[nodiscard]] std::size_t find(std::string_view name) const noexcept; // entries_.size() if there is none
    [[nodiscard]] std::vector<std::string> names() const;

    std::vector<OptionInfo> infos_; // entries_'s, and the rest's after them
    std::vector<Entry> entries_;
    Rest rest_;
};

} // namespace detail

/// Reads and writes values of the types options may have: bool, integers, double, std::string, Rational, enumerations (by
/// `choices`), std::vector<std::string> (comma separated, or the argument repeated) and std::optional of these.
/// Integers and numbers take the endings k, M, G (powers of 1000) and Ki, Mi, Gi (of 1024).
/// Throws OptionError with a text such as "width: 'abc' is not a whole number".
template <class T> void parse_value(T& into, std::string_view option, std::string_view value, const OptionText& text) {
    if constexpr (detail::is_optional<T>) {
        typename T::value_type inner{};
        parse_value(inner, option, value, text);
        into = std::move(inner);
    } else if constexpr (std::is_same_v<T, bool>) {
        into = detail::parse_bool(option, value);
    } else if constexpr (std::is_enum_v<T>) {
        into = static_cast<T>(detail::parse_choice(option, value, text));
    } else if constexpr (std::signed_integral<T>) {
        into =
            static_cast<T>(detail::parse_signed(option, value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    } else if constexpr (std::unsigned_integral<T>) {
        into = static_cast<T>(detail::parse_unsigned(option, value, std::numeric_limits<T>::max()));
    } else if constexpr (std::floating_point<T>) {
        into = static_cast<T>(detail::parse_number(option, value));
    } else if constexpr (std::is_same_v<T, Rational>) {
        into = detail::parse_rational(option, value);
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
        into = detail::parse_list(value);
    } else {
        static_assert(std::is_same_v<T, std::string>, "options have no such type");
        into = value;
    }
    detail::check_value(into, option, text);
}

/// The value as `parse_value` would read it; empty for an empty optional.
template <class T> [[nodiscard]] std::string value_text(const T& value, const OptionText& text) {
    if constexpr (detail::is_optional<T>)
        return value ? value_text(*value, text) : std::string();
    else if constexpr (std::is_same_v<T, bool>)
        return value ? "yes" : "no";
    else if constexpr (std::is_enum_v<T>)
        return detail::choice_text(static_cast<std::size_t>(value), text);
    else if constexpr (std::integral<T>)
        return std::to_string(value);
    else if constexpr (std::floating_point<T>)
        return detail::number_text(static_cast<double>(value));
    else if constexpr (std::is_same_v<T, Rational>)
        return value.den == 1 ? std::to_string(value.num) : std::to_string(value.num) + '/' + std::to_string(value.den);
    else if constexpr (std::is_same_v<T, std::vector<std::string>>)
        return detail::list_text(value);
    else
        return value;
}

/// What OptionInfo::type says.
template <class T> [[nodiscard]] std::string value_type() {
    if constexpr (detail::is_optional<T>)
        return value_type<typename T::value_type>();
    else if constexpr (std::is_same_v<T, bool>)
        return "yes/no";
    else if constexpr (std::is_enum_v<T>)
        return "choice";
    else if constexpr (std::integral<T>)
        return "integer";
    else if constexpr (std::floating_point<T>)
        return "number";
    else if constexpr (std::is_same_v<T, Rational>)
        return "fraction";
    else if constexpr (std::is_same_v<T, std::vector<std::string>>)
        return "list";
    else
        return "text";
}

template <class T> void detail::check_value(const T& value, std::string_view option, const OptionText& text) {
    if constexpr (is_optional<T>) {
        if (value)
            check_value(*value, option, text);
    } else if constexpr (std::is_same_v<T, bool> || std::is_enum_v<T>) {
        // every value is right
    } else if constexpr (std::integral<T> || std::floating_point<T>) {
        check_range(option, static_cast<double>(value), value_text(value, text), text);
    } else if constexpr (std::is_same_v<T, Rational>) {
        check_range(option, static_cast<double>(value.num) / static_cast<double>(value.den), value_text(value, text), text);
    } else if constexpr (std::is_same_v<T, std::string>) {
        if (!text.choices.empty())
            static_cast<void>(parse_choice(option, value, text));
    } else if (!text.choices.empty()) {
        for (const std::string& item : value)
            static_cast<void>(parse_choice(option, item, text));
    }
}

/// The table of a struct's options. Made once (a function-local static), then only read: thread-safe. A value that the
/// struct itself starts with is always allowed, so that 0 or "" may mean "not set" outside the range.
template <class S> class OptionTable : private detail::OptionTableBase {
public:
    template <class M> OptionTable& add(std::string name, M S::* member, OptionText text) {
        const S defaults{};
        Entry entry;
        entry.set = [member, name, text](void* options, std::string_view value, bool first) {
            M& into = static_cast<S*>(options)->*member;
            if constexpr (std::is_same_v<M, std::vector<std::string>>) {
                std::vector<std::string> more;
                parse_value(more, name, value, text);
                if (first)
                    into.clear();
                into.insert(into.end(), more.begin(), more.end());
            } else {
                static_cast<void>(first);
                parse_value(into, name, value, text);
            }
        };
        entry.check = [member, name, text, usual = defaults.*member](const void* options) {
            const M& value = static_cast<const S*>(options)->*member;
            if (!(value == usual))
                detail::check_value(value, name, text);
        };
        entry.is_default = [member, usual = defaults.*member](const void* options) {
            return static_cast<const S*>(options)->*member == usual;
        };
        entry.flag = std::is_same_v<M, bool> || std::is_same_v<M, std::optional<bool>>;
        entry.list = std::is_same_v<M, std::vector<std::string>>;
        std::string type = std::is_same_v<M, std::string> && !text.choices.empty() ? "choice" : value_type<M>();
        std::string usual = value_text(defaults.*member, text);
        add_entry({std::move(name), std::move(type), std::move(usual), std::move(text)}, std::move(entry));
        return *this;
    }

    /// Takes an argument that is no plain value: `1280x720` for width and height. Tried for arguments without a key, in the
    /// order of the table; returns false if the word is not of its kind. `name=1280x720` works too.
    OptionTable& add_word(std::string name, std::function<bool(S&, std::string_view)> parse, OptionText text) {
        Entry entry;
        entry.word = [parse = std::move(parse)](void* options, std::string_view word) {
            return parse(*static_cast<S*>(options), word);
        };
        text.positional = true;
        add_entry({std::move(name), "text", {}, std::move(text)}, std::move(entry));
        return *this;
    }

    /// Collects every `key=value` that is not in the table (options handed to a codec).
    OptionTable& add_rest(std::map<std::string, std::string> S::* member, const std::string& help) {
        set_rest({"...", "options", {}, {.help = help}},
                 [member](void* options, const std::string& key, const std::string& value) {
                     (static_cast<S*>(options)->*member)[key] = value;
                 });
        return *this;
    }

    /// Reads arguments into `options`, in order, then checks. A word without a key goes to the first `add_word` or
    /// positional option, in the order of the table, that takes it and has not been given; a yes/no option's name alone
    /// means yes. Throws OptionError; `options` may then have been changed in part.
    void parse(S& options, const std::vector<Argument>& arguments) const { parse_into(&options, arguments); }
    /// Sets one option of a stage that runs. Throws OptionError if there is none of that name, it is not one of those that may
    /// be changed then (OptionText::live), or the value is not allowed; `options` may then have been changed in part.
    void change(S& options, std::string_view name, std::string_view value) const { change_one(&options, name, value); }
    /// Ranges and required options (those must not have the value the struct starts with). Throws OptionError.
    void check(const S& options) const { check_all(&options); }
    [[nodiscard]] const std::vector<OptionInfo>& infos() const noexcept { return OptionTableBase::infos(); }
};

} // namespace weir
