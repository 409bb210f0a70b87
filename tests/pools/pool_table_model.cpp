// Asking for a pool and retiring it, under all interleavings that Relacy finds: a pool that anybody has a handle to is the one
// that others get.
#include "model_check.hpp"
#include "pool_table.hpp"

#include <utility>

namespace {

enum class Step {
    all,
    handles_not_asked_for, ///< retiring does not look whether others have a handle
    out_not_asked_for,     ///< nor whether something is out
    no_lock,
    dropped_without_acquire, ///< a handle, so that what others did before they dropped theirs is not seen
};

struct Pool {
    model::Atomic<int> handles{0};
    model::Atomic<int> out{0};
    rl::var<int> alive{1}; ///< reading it after the end is a failure or a data race
};

/// As std::shared_ptr counts.
template <Step steps> class Handle {
public:
    Handle() = default;
    explicit Handle(Pool& pool) : pool_(&pool) { pool.handles.store(1, std::memory_order_relaxed); }
    Handle(const Handle& other) : pool_(other.pool_) {
        if (pool_)
            pool_->handles.fetch_add(1, std::memory_order_relaxed);
    }
    Handle(Handle&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
    Handle& operator=(Handle other) noexcept {
        std::swap(pool_, other.pool_);
        return *this;
    }
    ~Handle() {
        constexpr auto order = steps == Step::dropped_without_acquire ? std::memory_order_release : std::memory_order_acq_rel;
        if (pool_ && pool_->handles.fetch_sub(1, order) == 1)
            pool_->alive($) = 0;
    }
    explicit operator bool() const { return pool_ != nullptr; }
    Pool* get() const { return pool_; }
    [[nodiscard]] int use_count() const {
        return steps == Step::handles_not_asked_for ? 1 : pool_->handles.load(std::memory_order_relaxed);
    }

private:
    Pool* pool_ = nullptr;
};

/// What PoolTable is made of here: a map with room for one.
template <Step steps> struct Types {
    using Key = int;
    using Core = Handle<steps>;
    struct Entry {
        Core core;
        [[nodiscard]] bool is_idle() const {
            return steps == Step::out_not_asked_for || core.get()->out.load(std::memory_order_relaxed) == 0;
        }
    };
    struct Map {
        using Place = std::pair<int, Entry>*;
        std::pair<int, Entry> place;
        rl::var<int> full{0};

        /// An entry on its way.
        struct node_type {
            std::pair<int, Entry> entry;
            [[nodiscard]] int key() const { return entry.first; }
            [[nodiscard]] bool empty() const { return !entry.second.core; }
        };
        struct Inserted {
            Place position;
        };
        Place end() { return nullptr; }
        Place find(int) { return full($) ? &place : nullptr; }
        std::pair<Place, bool> emplace(int key, Entry entry) {
            place = {key, std::move(entry)};
            full($) = 1;
            return {&place, true};
        }
        Inserted insert(node_type node) {
            place = std::move(node.entry);
            full($) = 1;
            return {&place};
        }
        node_type extract(Place) {
            full($) = 0;
            return {std::move(place)};
        }
    };
    struct Mutex {
        rl::mutex mutex;
    };
    struct Lock {
        explicit Lock(Mutex& of) : mutex(of) {
            if (steps != Step::no_lock)
                mutex.mutex.lock($);
        }
        ~Lock() {
            if (steps != Step::no_lock)
                mutex.mutex.unlock($);
        }
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;
        Mutex& mutex;
    };
    static void found(Map&, Entry&) {}
};

} // namespace

/// Two ask for the same layout, use what they get and leave something out; a third retires it meanwhile.
template <Step steps> struct AskAndRetire : rl::test_suite<AskAndRetire<steps>, 3> {
    using Table = weir::detail::PoolTable<Types<steps>>;
    using Core = typename Table::Core;
    Pool pools[3];
    Table table; // after them: at the end it may still have a handle to one

    Core ask(unsigned index) {
        if (Core known = table.find(1))
            return known;
        auto made = Table::node(1, Core(pools[index]));
        return table.find_or_insert(made);
    }
    void thread(unsigned index) {
        if (index == 2) {
            static_cast<void>(table.take_unused(1));
            return;
        }
        {
            const Core mine = ask(index);
            RL_ASSERT(mine.get()->alive($) == 1);
            const Core again = table.find(1);
            RL_ASSERT(again.get() == mine.get()); // whoever has a handle finds its pool there
            mine.get()->out.fetch_add(1, std::memory_order_relaxed);
        }
        if (const Core still = table.find(1)) // something of it is out: it is not forgotten
            RL_ASSERT(still.get()->out.load(std::memory_order_relaxed) > 0);
        else
            RL_ASSERT(false);
    }
    void after() { static_cast<void>(table.take_unused(1)); }
};

int main() {
    return model::check<AskAndRetire<Step::all>>(100'000) |
           model::must_fail<AskAndRetire<Step::handles_not_asked_for>>(100'000, "retired while others have a handle") |
           model::must_fail<AskAndRetire<Step::out_not_asked_for>>(100'000, "retired while something is out") |
           model::must_fail<AskAndRetire<Step::no_lock>>(100'000, "without the lock") |
           model::must_fail<AskAndRetire<Step::dropped_without_acquire>>(100'000, "handles dropped without acquire");
}
