#include <weir/framework/options.hpp>

#include "nearest_text.hpp"

#include <utility>

namespace weir::detail {

void OptionTableBase::add_entry(OptionInfo info, Entry entry) {
    infos_.insert(infos_.begin() + static_cast<std::ptrdiff_t>(entries_.size()), std::move(info));
    entries_.push_back(std::move(entry));
}

void OptionTableBase::set_rest(OptionInfo info, Rest rest) {
    infos_.push_back(std::move(info));
    rest_ = std::move(rest);
}

void OptionTableBase::parse_into(void* options, const std::vector<Argument>& arguments) const {
    std::vector<bool> given(entries_.size());
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        try {
            if (arguments[i].key.empty())
                parse_word(options, arguments[i].value, given);
            else
                parse_named(options, arguments[i], given);
        } catch (OptionError& error) {
            error.argument = i;
            throw;
        }
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (infos_[i].text.required && !given[i] && (!entries_[i].is_default || entries_[i].is_default(options)))
            throw OptionError(infos_[i].name + " is missing: " + infos_[i].text.help, infos_[i].name);
        if (entries_[i].check)
            entries_[i].check(options);
    }
}

void OptionTableBase::check_all(const void* options) const {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        // Whether a word's members are set, only its own code knows.
        if (infos_[i].text.required && entries_[i].is_default && entries_[i].is_default(options))
            throw OptionError(infos_[i].name + " is missing: " + infos_[i].text.help, infos_[i].name);
        if (entries_[i].check)
            entries_[i].check(options);
    }
}

void OptionTableBase::change_one(void* options, std::string_view name, std::string_view value) const {
    const std::size_t i = find(name);
    const std::string option(name);
    if (i == entries_.size())
        throw OptionError(unknown_name("option", "options", option, names()), option);
    if (!infos_[i].text.live) {
        std::vector<std::string> live;
        for (const OptionInfo& info : infos_)
            if (info.text.live)
                live.push_back(info.name);
        throw OptionError(option + " cannot be changed while the stage runs (" +
                              (live.empty() ? "it has no options that can" : "those that can: " + joined(live)) + ")",
                          option);
    }
    std::vector<bool> given(entries_.size());
    parse_named(options, {option, std::string(value)}, given);
    check_all(options);
}

void OptionTableBase::parse_named(void* options, const Argument& argument, std::vector<bool>& given) const {
    const std::size_t i = find(argument.key);
    if (i == entries_.size()) {
        if (!rest_)
            throw OptionError(unknown_name("option", "options", argument.key, names()), argument.key);
        rest_(options, argument.key, argument.value);
        return;
    }
    if (given[i] && !entries_[i].list)
        throw OptionError(argument.key + " is given twice", argument.key);
    if (entries_[i].set)
        entries_[i].set(options, argument.value, !given[i]);
    else if (!entries_[i].word(options, argument.value))
        throw OptionError(argument.key + ": " + quoted(argument.value) + " is not right: " + infos_[i].text.help, argument.key);
    given[i] = true;
}

void OptionTableBase::parse_word(void* options, const std::string& word, std::vector<bool>& given) const {
    std::optional<OptionError> first_error;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (!infos_[i].text.positional || (given[i] && !entries_[i].list))
            continue;
        try {
            if (entries_[i].word && !entries_[i].word(options, word))
                continue;
            if (entries_[i].set)
                entries_[i].set(options, word, !given[i]);
            given[i] = true;
            return;
        } catch (const OptionError& error) {
            if (!first_error)
                first_error = error;
        }
    }
    const std::size_t named = find(word);
    if (named < entries_.size() && entries_[named].flag && !given[named]) {
        entries_[named].set(options, "yes", true);
        given[named] = true;
        return;
    }
    if (named < entries_.size())
        throw OptionError(word + " needs a value: " + word + "=...", word);
    if (first_error)
        throw OptionError(*first_error);
    std::string text = quoted(word) + " is not expected here";
    for (std::size_t i = 0, count = 0; i < entries_.size(); ++i)
        if (infos_[i].text.positional)
            text += (count++ ? ", " : "; without a name there may be: ") + infos_[i].name;
    throw OptionError(text + "; other options are written name=value" +
                      (entries_.empty() ? "" : " (options: " + joined(names()) + ")"));
}

std::size_t OptionTableBase::find(std::string_view name) const noexcept {
    std::size_t i = 0;
    while (i < entries_.size() && infos_[i].name != name)
        ++i;
    return i;
}

std::vector<std::string> OptionTableBase::names() const {
    std::vector<std::string> result;
    result.reserve(entries_.size());
    for (std::size_t i = 0; i < entries_.size(); ++i)
        result.push_back(infos_[i].name);
    return result;
}

} // namespace weir::detail
