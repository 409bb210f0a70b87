#pragma once
// Lets media through at the time it is due.
#include <weir/framework/options.hpp>
#include <weir/framework/stage.hpp>

#include <cstdint>
#include <memory>

namespace weir {

struct PaceOptions {
    /// What becomes of an item that comes later than `max_late` after it was due.
    enum class Late : std::uint8_t {
        pass,    ///< it goes on at once, and those after it, until they are in time again
        drop,    ///< it is left out, and counted
        restart, ///< it is due now, and all that follows so much later
    };
    double speed = 1;       ///< media seconds a second
    double max_late = 0.05; ///< seconds
    Late late = Late::pass;

    [[nodiscard]] static const OptionTable<PaceOptions>& table();
};

/// in, out: packets, video frames or audio samples, whatever is connected. The first item that reaches one of a pipeline's
/// `pace` stages is due at once, all others by their distance to it on the time line (packets by dts). Sleeps by the engine's
/// clock, on no thread. What has no time goes on at once. Counters: "late" (later than `max_late`), "latest us" (the most that
/// one was). Packets are never left out: `drop` is for frames and samples. Throws OptionError.
[[nodiscard]] std::unique_ptr<StageDefinition> pace(const PaceOptions& options = {});

} // namespace weir
