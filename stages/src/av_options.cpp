#include "av_options.hpp"

#include <weir/framework/options.hpp>

extern "C" {
#include <libavutil/opt.h>
}

#include <fmt/format.h>

#include <new>

namespace weir::detail {

AvOptions::AvOptions(const std::map<std::string, std::string>& values) {
    for (const auto& [key, value] : values)
        set(key.c_str(), value);
}

void AvOptions::set(const char* key, const std::string& value) {
    if (av_dict_set(&dictionary_, key, value.c_str(), 0) < 0)
        throw std::bad_alloc();
}

void AvOptions::set_default(const char* key, const std::string& value) {
    if (av_dict_set(&dictionary_, key, value.c_str(), AV_DICT_DONT_OVERWRITE) < 0)
        throw std::bad_alloc();
}

void AvOptions::remove(const char* key) { av_dict_set(&dictionary_, key, nullptr, 0); }

void AvOptions::require_all_used(std::string_view owner) const {
    const AVDictionaryEntry* left = av_dict_get(dictionary_, "", nullptr, AV_DICT_IGNORE_SUFFIX);
    if (left)
        throw OptionError(fmt::format("{} has no option '{}'", owner, left->key), left->key);
}

namespace {

/// Calls `visit` with each option that has the flags, private ones included; stops when it returns true.
template <class Visit> bool any_option(const AvOptionOwner& owner, Visit visit) {
    for (const AVClass* known : owner.classes) {
        if (!known)
            continue;
        const AVOption* option = nullptr;
        while ((option = av_opt_next(&known, option)))
            if (option->type != AV_OPT_TYPE_CONST && (owner.flags == 0 || (option->flags & owner.flags) == owner.flags) &&
                visit(*option))
                return true;
    }
    return false;
}

} // namespace

void throw_unknown_option(const std::string& key, const AvOptionOwner& owner) {
    std::vector<std::string> names;
    any_option(owner, [&](const AVOption& option) {
        names.emplace_back(option.name);
        return false;
    });
    const auto meant = nearest(key, names);
    throw OptionError(fmt::format("there is no option '{}' for {}{}", key, owner.name,
                                  meant ? fmt::format(" (did you mean '{}'?)", *meant) : ""),
                      key);
}

void check_option_names(const std::map<std::string, std::string>& values, const AvOptionOwner& owner) {
    for (const auto& [key, value] : values)
        if (!any_option(owner, [&](const AVOption& option) { return key == option.name; }))
            throw_unknown_option(key, owner);
}

} // namespace weir::detail
