#pragma once
// The stages that a graph's text can name.
#include <weir/framework/error_policy.hpp>
#include <weir/framework/link_options.hpp>
#include <weir/framework/options.hpp>
#include <weir/framework/stage.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// A type of stage: what it is called, what it can be told, and how to make one.
struct StageType {
    std::string name;
    std::string help; ///< one line
    std::vector<OptionInfo> options;
    /// Throws OptionError.
    std::function<std::unique_ptr<StageDefinition>(const std::vector<Argument>&)> make;
};

/// A StageType whose options are those of `Options::table()`, a static function that returns a `const OptionTable<Options>&`.
/// `make` gets the checked options and returns a stage.
template <class Options, class Make> [[nodiscard]] StageType stage_type(std::string name, std::string help, Make make) {
    return {std::move(name), std::move(help), Options::table().infos(),
            [make = std::move(make)](const std::vector<Argument>& arguments) -> std::unique_ptr<StageDefinition> {
                Options options;
                Options::table().parse(options, arguments);
                return make(std::move(options));
            }};
}

/// Stage types by name. Filled first, then only read: thread-safe from then on.
class StageCatalog {
public:
    /// Throws std::invalid_argument if the name is taken or no word of letters, digits, '_' and '-', or if an option is
    /// called as one of CommonOptions.
    void add(StageType type);
    /// Null if there is none. The pointer stays valid.
    [[nodiscard]] const StageType* find(std::string_view name) const noexcept;
    /// In alphabetical order.
    [[nodiscard]] std::vector<std::string> names() const;

    /// The process's own, empty at first: `register_stages` of weir/stages/catalog.hpp fills it.
    [[nodiscard]] static StageCatalog& standard();

private:
    std::map<std::string, StageType, std::less<>> types_;
};

/// What a graph's text can say of any stage, as StageOptions and, of the links from it, LinkOptions do.
struct CommonOptions {
    std::size_t quota = 0;
    std::size_t capacity = 0;
    WhenFull when_full = WhenFull::wait;
    ErrorPolicy::Kind on_failure = ErrorPolicy::Kind::fail; ///< StageOptions::on_error; stages have options of that name
    unsigned restarts = 3;

    [[nodiscard]] static const OptionTable<CommonOptions>& table();
};

} // namespace weir
