#include <weir/stages/null.hpp>

#include "media_input.hpp"

namespace weir {
namespace {

template <Item T> Process discard_all(Input<T> in) {
    for (;;) {
        const std::optional<T> item = co_await in.next();
        if (!item)
            co_return;
    }
}

class NullStage final : public StageDefinition {
public:
    [[nodiscard]] std::string type() const override { return "null"; }
    [[nodiscard]] detail::InputBase& input_for(Ports& ports, std::string_view name, const detail::OutputBase& from) override {
        return detail::make_media_input<PooledFrame, PooledSamples, Packet>(ports, name, from, "null");
    }
    void open(OpenContext& context) override { // refuses to be alone
        detail::visit_media_input<PooledFrame, PooledSamples, Packet>(context.ports(), [](const auto&) {});
    }
    [[nodiscard]] Process run(StageContext&, Ports& ports) override {
        return detail::visit_media_input<PooledFrame, PooledSamples, Packet>(ports,
                                                                             [](const auto& in) { return discard_all(in); });
    }
};

} // namespace

const OptionTable<NullOptions>& NullOptions::table() {
    static const OptionTable<NullOptions> table;
    return table;
}

std::unique_ptr<StageDefinition> null(const NullOptions&) { return std::make_unique<NullStage>(); }

} // namespace weir
