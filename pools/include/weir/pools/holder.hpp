#pragma once
// Names for the places that hold frames: the ledger's tags.
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// A small value that names a holder: a stage, a link, a codec, the application. Stays safe to look up after its
/// holder is gone. 0 is "nobody said".
struct HolderId {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const HolderId&, const HolderId&) = default;
};

/// A name in the process-wide table of holders, for as long as this lives. Making one locks and may allocate;
/// thread-safe. An id outlives it safely: it is then shown as "gone: <name>" until its slot is used again.
class Holder {
public:
    Holder() = default;
    explicit Holder(std::string name);
    Holder(Holder&& other) noexcept : id_(std::exchange(other.id_, HolderId{})) {}
    Holder& operator=(Holder&& other) noexcept {
        std::swap(id_, other.id_);
        return *this;
    }
    ~Holder();

    [[nodiscard]] HolderId id() const noexcept { return id_; }

    /// Makes it a queue, so that one note a pass is enough: of what bears its name, the newest `waiting()` are in it, and
    /// `reader` has taken the others. `waiting` is called by reports, on any thread, under a lock; it must not lock, and not be
    /// called any more once this was called with nullptr. Locks; allocates.
    void set_queue(HolderId reader, std::function<std::size_t()> waiting);

private:
    HolderId id_;
};

/// What `set_queue` said of a holder, now.
struct HolderQueue {
    HolderId reader;
    std::size_t waiting = 0;
};
/// Empty if it is no queue. Locks.
[[nodiscard]] std::optional<HolderQueue> holder_queue(HolderId id);

/// The name of a holder; "(unnamed)" for 0 and for one whose slot was used again. Locks; allocates.
[[nodiscard]] std::string holder_name(HolderId id);

/// The ledger's time: nanoseconds of the steady clock.
[[nodiscard]] inline std::int64_t ledger_now() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

} // namespace weir
