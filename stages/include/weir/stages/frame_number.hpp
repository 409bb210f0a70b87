#pragma once
// Reads back the numbers that testsrc draws, and checks that none is lost.
#include <weir/framework/options.hpp>
#include <weir/framework/stage.hpp>
#include <weir/pools/pooled_frame.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace weir {

/// The number in the row of blocks along the picture's top edge (see testsrc); empty if the picture is less than 24 pixels
/// wide or a block is neither black nor white. Survives scaling and lossy coding. Allocates and takes some 100 us for packed
/// formats, else neither. Throws FormatError if there is no way from the pixel format to grey.
[[nodiscard]] std::optional<std::uint32_t> read_frame_number(const PooledFrame& frame);

struct NumbersOptions {
    std::string target{};   ///< a file, or "-" for standard output; empty: no list
    bool check = false;     ///< fail at the end unless every number from the first to the last came once, in order
    bool overwrite = false; ///< an existing file may be replaced

    [[nodiscard]] static const OptionTable<NumbersOptions>& table();
};

/// in: video frames. Writes `pts,number` for each, or `pts,none`; says at the end how many there were.
[[nodiscard]] std::unique_ptr<StageDefinition> numbers(const NumbersOptions& options = {});

} // namespace weir
