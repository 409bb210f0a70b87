#include <weir/framework/stage_catalog.hpp>

#include "graph_lexer.hpp"

#include <stdexcept>

namespace weir {

void StageCatalog::add(StageType type) {
    if (!detail::is_name(type.name))
        throw std::invalid_argument("'" + type.name + "' is no name for a stage type");
    for (const OptionInfo& common : CommonOptions::table().infos())
        for (const OptionInfo& own : type.options)
            if (own.name == common.name)
                throw std::invalid_argument("stage type '" + type.name + "': every stage has an option '" + own.name +
                                            "' already");
    std::string name = type.name;
    if (!types_.emplace(std::move(name), std::move(type)).second)
        throw std::invalid_argument("there is a stage type of that name already");
}

const StageType* StageCatalog::find(std::string_view name) const noexcept {
    const auto found = types_.find(name);
    return found == types_.end() ? nullptr : &found->second;
}

std::vector<std::string> StageCatalog::names() const {
    std::vector<std::string> result;
    result.reserve(types_.size());
    for (const auto& [name, type] : types_)
        result.push_back(name);
    return result;
}

StageCatalog& StageCatalog::standard() {
    static StageCatalog catalog;
    return catalog;
}

const OptionTable<CommonOptions>& CommonOptions::table() {
    static const auto table = [] {
        OptionTable<CommonOptions> t;
        t.add(
             "quota", &CommonOptions::quota,
             {.help = "frames of each of its outputs that may be out at once; 0: as many as the graph needs", .max = 1'000'000})
            .add("capacity", &CommonOptions::capacity,
                 {.help = "items that each link from it holds; 0: as many as the graph needs", .max = 1'000'000})
            .add("when_full", &CommonOptions::when_full,
                 {.help = "what a full link from it does with the next item; what is dropped is counted",
                  .choices = {"wait", "drop_oldest", "drop_newest"}})
            .add("on_failure", &CommonOptions::on_failure,
                 {.help = "what becomes of the run when it fails: end it, leave out the item (stages that can), make the stage "
                          "anew, or go on without it",
                  .choices = {"fail", "skip", "restart", "detach"}})
            .add("restarts", &CommonOptions::restarts,
                 {.help = "how often on_failure=restart makes it anew", .max = 1'000'000});
        return t;
    }();
    return table;
}

} // namespace weir
