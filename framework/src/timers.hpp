#pragma once
// Who sleeps until when. For one lock's holder at a time.
#include <weir/framework/clock.hpp>
#include <weir/framework/detail/stage_base.hpp>

#include <map>
#include <optional>
#include <utility>

namespace weir::detail {

class Timer;

/// The timers that are set, in the order of their times.
class Timers {
public:
    using Set = std::multimap<Clock::Time, Timer*>;
    [[nodiscard]] std::optional<Clock::Time> next() const noexcept {
        return set_.empty() ? std::nullopt : std::optional(set_.begin()->first);
    }
    /// Wakes the stages whose time has come. False if there is none.
    bool run_due(Clock::Time now) noexcept;

private:
    friend class Timer;
    Set set_;
};

/// A stage's own. Allocates when it is made, not when it is set.
class Timer {
public:
    explicit Timer(StageBase& stage) : stage_(stage) {
        Timers::Set one;
        unset_ = one.extract(one.emplace(Clock::Time{}, this));
    }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Replaces what was set.
    void set(Timers& timers, Clock::Time time) noexcept {
        unset(timers);
        unset_.key() = time;
        place_ = timers.set_.insert(std::move(unset_));
        is_set_ = true;
    }
    void unset(Timers& timers) noexcept {
        if (std::exchange(is_set_, false))
            unset_ = timers.set_.extract(place_);
    }

private:
    friend class Timers;
    StageBase& stage_;
    Timers::Set::node_type unset_;
    Timers::Set::iterator place_;
    bool is_set_ = false;
};

inline bool Timers::run_due(Clock::Time now) noexcept {
    const std::size_t before = set_.size();
    while (!set_.empty() && set_.begin()->first <= now) {
        Timer& timer = *set_.begin()->second;
        timer.unset(*this);
        timer.stage_.signal();
    }
    return set_.size() < before;
}

} // namespace weir::detail
