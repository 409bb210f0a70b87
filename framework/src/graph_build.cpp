// From the model of a graph's text to a pipeline.
#include <weir/framework/graph_text.hpp>
#include <weir/framework/pipeline.hpp>
#include <weir/framework/stage_catalog.hpp>

#include "nearest_text.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace weir {

namespace {

class Builder {
public:
    Builder(Pipeline& pipeline, const GraphText& graph, const StageCatalog& catalog, const BuildOptions& options) noexcept
        : pipeline_(pipeline), graph_(graph), catalog_(catalog), options_(options) {}

    void build() {
        for (const GraphText::Stage& stage : graph_.stages)
            add(stage);
        for (const GraphText::Link& link : graph_.links)
            connect(link);
    }

private:
    struct Added {
        AnyStage stage;
        LinkOptions links;
    };

    void add(const GraphText::Stage& stage) {
        const StageType* type = catalog_.find(stage.type);
        if (!type)
            throw GraphTextError(unknown_type(stage), graph_, stage.position);

        // The arguments that every stage understands are taken out; `origin` says where the others stood.
        const auto& common_infos = CommonOptions::table().infos();
        CommonOptions common;
        common.quota = options_.quota;
        common.capacity = options_.capacity;
        std::vector<Argument> common_arguments;
        std::vector<Argument> own;
        std::vector<std::size_t> common_origin;
        std::vector<std::size_t> origin;
        for (std::size_t i = 0; i < stage.arguments.size(); ++i) {
            const bool is_common =
                std::ranges::find(common_infos, stage.arguments[i].key, &OptionInfo::name) != common_infos.end();
            (is_common ? common_arguments : own).push_back(stage.arguments[i]);
            (is_common ? common_origin : origin).push_back(i);
        }
        if (options_.overwrite && has_option(*type, "overwrite") && !is_given(own, "overwrite"))
            own.push_back({"overwrite", "yes"});

        std::unique_ptr<StageDefinition> definition;
        try_at(stage, common_origin, [&] { CommonOptions::table().parse(common, common_arguments); });
        try_at(stage, origin, [&] { definition = type->make(own); });
        try_at(stage, {}, [&] {
            const AnyStage added = pipeline_.add(stage.name, std::move(definition), stage_options(common));
            added_.insert_or_assign(stage.name, Added{added, link_options(common)});
        });
    }

    static StageOptions stage_options(const CommonOptions& common) {
        StageOptions options{.quota = common.quota};
        if (common.on_failure == ErrorPolicy::Kind::restart)
            options.on_error = ErrorPolicy::restart(common.restarts);
        else
            options.on_error.kind = common.on_failure;
        return options;
    }
    static LinkOptions link_options(const CommonOptions& common) {
        LinkOptions options;
        options.capacity = common.capacity;
        options.when_full = common.when_full;
        return options;
    }

    void connect(const GraphText::Link& link) {
        const Added& from = find(link.from);
        const Added& to = find(link.to);
        try {
            pipeline_.connect(from.stage[link.from.port], to.stage[link.to.port], from.links);
        } catch (const GraphError& error) {
            throw GraphTextError(error.what(), graph_, link.position);
        }
    }

    [[nodiscard]] const Added& find(const GraphText::End& end) const {
        const auto found = added_.find(end.stage);
        if (found != added_.end())
            return found->second;
        throw GraphTextError(detail::unknown_name("stage", "stages", end.stage, stage_names({})), graph_, end.position,
                             end.stage);
    }

    // Calls f; what it refuses is said of the argument it names, or of the stage.
    template <class F> void try_at(const GraphText::Stage& stage, const std::vector<std::size_t>& origin, F f) const {
        try {
            f();
        } catch (const OptionError& error) {
            // A stage that refuses an option later than the table does names it without saying which argument it was.
            const auto named = std::ranges::find(stage.arguments, error.option, &Argument::key);
            auto index = static_cast<std::size_t>(named - stage.arguments.begin());
            if (error.argument < origin.size())
                index = origin[error.argument];
            const bool known = !error.option.empty() || error.argument < origin.size();
            const TextPosition position =
                known && index < stage.argument_positions.size() ? stage.argument_positions[index] : stage.position;
            throw GraphTextError(error.what(), graph_, position, stage.name, error.option);
        } catch (const GraphError& error) {
            throw GraphTextError(error.what(), graph_, stage.position, stage.name);
        }
    }

    [[nodiscard]] std::string unknown_type(const GraphText::Stage& stage) const {
        const std::vector<std::string> types = catalog_.names();
        std::string text = "unknown stage type " + detail::quoted(stage.type);
        // Without arguments it may have been meant to be another stage's name.
        if (const auto type = nearest(stage.type, types))
            text += "; did you mean '" + *type + "'?";
        else if (const auto name = nearest(stage.type, stage_names(stage.name)); name && stage.arguments.empty())
            text += "; did you mean the stage '" + *name + "'?";
        return text + " (stage types: " + detail::joined(types) + ')';
    }

    [[nodiscard]] std::vector<std::string> stage_names(const std::string& except) const {
        std::vector<std::string> names;
        for (const GraphText::Stage& stage : graph_.stages)
            if (stage.name != except)
                names.push_back(stage.name);
        return names;
    }

    [[nodiscard]] static bool has_option(const StageType& type, std::string_view name) {
        return std::ranges::find(type.options, name, &OptionInfo::name) != type.options.end();
    }
    [[nodiscard]] static bool is_given(const std::vector<Argument>& arguments, std::string_view name) {
        return std::ranges::any_of(arguments, [name](const Argument& argument) {
            return argument.key == name || (argument.key.empty() && argument.value == name);
        });
    }

    Pipeline& pipeline_;
    const GraphText& graph_;
    const StageCatalog& catalog_;
    const BuildOptions& options_;
    std::map<std::string, Added> added_;
};

} // namespace

void build(Pipeline& pipeline, const GraphText& graph, const StageCatalog& catalog, const BuildOptions& options) {
    Builder(pipeline, graph, catalog, options).build();
}

} // namespace weir
