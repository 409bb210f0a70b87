#include "inspect_command.hpp"

#include <algorithm>
#include <cmath>

namespace weir::tools {

namespace {

std::string padded(const std::string& text, std::size_t width) {
    return text + std::string(width > text.size() ? width - text.size() : 0, ' ');
}

std::string number_text(double value) { return value_text(value, {}); }

std::string allowed(const OptionInfo& info) {
    std::string text;
    for (const std::string& choice : info.text.choices)
        text += (text.empty() ? "" : "|") + choice;
    if (!text.empty())
        return text;
    text = info.type;
    if (!std::isinf(info.text.min) && !std::isinf(info.text.max))
        text += ' ' + number_text(info.text.min) + ".." + number_text(info.text.max);
    else if (!std::isinf(info.text.min))
        text += " from " + number_text(info.text.min);
    else if (!std::isinf(info.text.max))
        text += " to " + number_text(info.text.max);
    return info.text.unit.empty() ? text : text + ' ' + info.text.unit;
}

// "scale [SIZE] [name=value ...]"
std::string usage(const StageType& type) {
    std::string text = type.name;
    for (const OptionInfo& info : type.options) {
        std::string name = info.name;
        std::ranges::transform(name, name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
        if (info.text.positional)
            text += info.text.required ? ' ' + name : " [" + name + ']';
    }
    return text + " [name=value ...]";
}

std::string option_lines(const std::vector<OptionInfo>& options) {
    std::size_t widest = 0;
    for (const OptionInfo& info : options)
        widest = std::max(widest, info.name.size());
    std::string text;
    for (const OptionInfo& info : options) {
        const std::string indent(widest + 4, ' ');
        const std::string shown = info.type == "options" ? "name=value" : allowed(info);
        text += "  " + padded(info.name, widest) + "  " + shown;
        if (info.text.required)
            text += ", required";
        else if (!info.default_value.empty())
            text += ", default " + info.default_value;
        text += (info.text.live ? ", may be changed while it runs" : "") + std::string("\n") + indent + info.text.help + '\n';
    }
    return text;
}

} // namespace

std::string list_stages(const StageCatalog& catalog) {
    const std::vector<std::string> names = catalog.names();
    std::size_t widest = 0;
    for (const std::string& name : names)
        widest = std::max(widest, name.size());
    std::string text;
    for (const std::string& name : names)
        text += padded(name, widest) + "  " + catalog.find(name)->help + '\n';
    return text;
}

std::string describe_stage(const StageCatalog& catalog, const std::string& name) {
    const StageType* type = catalog.find(name);
    if (!type) {
        const auto meant = nearest(name, catalog.names());
        throw GraphError("unknown stage type '" + name + "'" + (meant ? "; did you mean '" + *meant + "'?" : "") +
                         " (weir inspect lists all)");
    }
    std::string text = type->name + ": " + type->help + "\n\n  " + usage(*type) + "\n\n";
    if (!type->options.empty())
        text += "Options:\n" + option_lines(type->options) + '\n';
    return text + "Options of every stage:\n" + option_lines(CommonOptions::table().infos());
}

} // namespace weir::tools
