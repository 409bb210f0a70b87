#pragma once
// Which moment of the engine's clock a time of the media belongs to.
#include <weir/framework/clock.hpp>
#include <weir/pools/detail/mutex.hpp>

#include <chrono>
#include <optional>

namespace weir {

/// One for a pipeline and its branches, so that what is paced in one place stays together with what is paced in another: the
/// first time that is asked for is due at once, and all others so much later or earlier. Begins anew with a seek, and stands
/// still while the pipeline is paused. Thread-safe; does not allocate; locks for a few instructions.
class MediaClock {
public:
    /// When that time of the media is due at that speed (media seconds a second, above 0; the same for all who ask).
    [[nodiscard]] Clock::Time due(std::chrono::nanoseconds media, double speed, Clock::Time now) noexcept WEIR_EXCLUDES(mutex_);
    /// The next time that is asked for is due at once.
    void restart() noexcept WEIR_EXCLUDES(mutex_);
    /// From now on everything is due so much later.
    void delay(std::chrono::nanoseconds by) noexcept WEIR_EXCLUDES(mutex_);
    /// Until `go_on` everything is due as much later as the engine's clock has gone on since; what is asked for first, at once.
    void stand_still(Clock::Time now) noexcept WEIR_EXCLUDES(mutex_);
    void go_on(Clock::Time now) noexcept WEIR_EXCLUDES(mutex_);

private:
    struct Anchor {
        std::chrono::nanoseconds media;
        Clock::Time time;
    };
    detail::Mutex mutex_;
    std::optional<Anchor> anchor_ WEIR_GUARDED_BY(mutex_);
    std::optional<Clock::Time> still_since_ WEIR_GUARDED_BY(mutex_);
};

} // namespace weir
