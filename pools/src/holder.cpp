#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/holder.hpp>

#include <cstddef>
#include <deque>

namespace weir {
namespace {

constexpr std::uint32_t no_slot = ~0u;
/// Names of the departed are kept so long that a report written a moment later still finds them.
constexpr std::size_t kept_names = 256;

/// Slots are used again in the order in which they were freed; each use has its own generation.
class HolderTable {
public:
    HolderId add(std::string name) WEIR_EXCLUDES(mutex_) {
        const detail::Lock lock(mutex_);
        std::uint32_t index = first_free_;
        if (free_ > kept_names) {
            first_free_ = slots_[index].next_free;
            --free_;
        } else {
            index = static_cast<std::uint32_t>(slots_.size());
            slots_.emplace_back();
        }
        Slot& slot = slots_[index];
        slot.name = std::move(name);
        slot.alive = true;
        return {std::uint64_t{++slot.generation} << 32 | (index + 1)};
    }

    void remove(HolderId id) noexcept WEIR_EXCLUDES(mutex_) {
        const detail::Lock lock(mutex_);
        const std::uint32_t index = static_cast<std::uint32_t>(id.value) - 1;
        slots_[index].alive = false;
        slots_[index].waiting = nullptr;
        slots_[index].next_free = no_slot;
        if (free_ == 0)
            first_free_ = index;
        else
            slots_[last_free_].next_free = index;
        last_free_ = index;
        ++free_;
    }

    std::string name(HolderId id) WEIR_EXCLUDES(mutex_) {
        const detail::Lock lock(mutex_);
        const Slot* slot = find(id);
        if (!slot)
            return "(unnamed)";
        return slot->alive ? slot->name : "gone: " + slot->name;
    }

    void set_queue(HolderId id, HolderId reader, std::function<std::size_t()>& waiting) WEIR_EXCLUDES(mutex_) {
        const detail::Lock lock(mutex_);
        if (Slot* slot = find(id)) {
            slot->reader = reader;
            slot->waiting.swap(waiting);
        }
    }
    std::optional<HolderQueue> queue(HolderId id) WEIR_EXCLUDES(mutex_) {
        const detail::Lock lock(mutex_);
        const Slot* slot = find(id);
        if (!slot || !slot->waiting)
            return std::nullopt;
        return HolderQueue{slot->reader, slot->waiting()};
    }

private:
    struct Slot {
        std::string name;
        HolderId reader;
        std::function<std::size_t()> waiting; ///< of a queue
        std::uint32_t generation = 0;
        std::uint32_t next_free = no_slot;
        bool alive = false;
    };

    [[nodiscard]] Slot* find(HolderId id) WEIR_REQUIRES(mutex_) {
        const std::uint32_t index = static_cast<std::uint32_t>(id.value) - 1;
        return index < slots_.size() && slots_[index].generation == id.value >> 32 ? &slots_[index] : nullptr;
    }

    detail::Mutex mutex_;
    std::deque<Slot> slots_ WEIR_GUARDED_BY(mutex_); // grows in chunks
    std::uint32_t first_free_ WEIR_GUARDED_BY(mutex_) = no_slot;
    std::uint32_t last_free_ WEIR_GUARDED_BY(mutex_) = no_slot;
    std::size_t free_ WEIR_GUARDED_BY(mutex_) = 0;
};

/// Never destroyed: holders and frames may outlive every static.
HolderTable& table() {
    static HolderTable* const holders = new HolderTable;
    return *holders;
}

} // namespace

Holder::Holder(std::string name) : id_(table().add(std::move(name))) {}

Holder::~Holder() {
    if (id_ != HolderId{})
        table().remove(id_);
}

void Holder::set_queue(HolderId reader, std::function<std::size_t()> waiting) {
    if (id_ != HolderId{})
        table().set_queue(id_, reader, waiting); // what it swapped out is destroyed here, outside the lock
}

std::optional<HolderQueue> holder_queue(HolderId id) { return table().queue(id); }

std::string holder_name(HolderId id) { return table().name(id); }

} // namespace weir
