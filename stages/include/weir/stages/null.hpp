#pragma once
// A sink that counts what it gets and lets it go.
#include <weir/framework/options.hpp>
#include <weir/framework/stage.hpp>

#include <memory>

namespace weir {

struct NullOptions {
    [[nodiscard]] static const OptionTable<NullOptions>& table();
};

/// in: packets, video frames or audio samples, whatever is connected.
[[nodiscard]] std::unique_ptr<StageDefinition> null(const NullOptions& options = {});

} // namespace weir
