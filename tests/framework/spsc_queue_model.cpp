// A link's mailbox and how its two ends tell each other, under all interleavings and memory orders that Relacy finds. The ends
// are told in a few lines as Link, InputWait, PutWait and StageCore::settle_links tell them.
#include <weir/framework/detail/spsc_queue.hpp>

#include "model_check.hpp"

#include <array>
#include <cstdlib>
#include <new>

namespace {

/// What each place in memory holds, for Relacy: writing and reading it is no atomic operation, so two threads at once are
/// found, also where one destroys an item and the other makes the next in its place.
class Cells {
public:
    rl::var<int>& at(const void* place) {
        std::size_t i = 0;
        while (places_[i] && places_[i] != place)
            ++i;
        places_[i] = place;
        return cells_[i];
    }

private:
    std::array<const void*, 64> places_{};
    std::array<rl::var<int>, 64> cells_;
};
Cells* cells = nullptr; // of the suite that runs

/// Over-aligned, so that chunks of them come from the operators below.
struct alignas(64) Item {
    explicit Item(int number) noexcept { cells->at(this)($) = number; }
    Item(const Item&) = delete;
    Item& operator=(const Item&) = delete;
    ~Item() { cells->at(this)($) = -1; }
    [[nodiscard]] int value() const { return cells->at(this)($); }
};

/// Small chunks, so that they end and are used again.
template <template <class> class Atomic> using Queue = weir::detail::SpscQueue<Item, 2, Atomic>;

enum class LeftOut : std::uint8_t { nothing, settling, look_after_settling, look_after_waiting };

struct Freed {
    Freed* next;
};
Freed* freed = nullptr; // in this schedule: at a place that is used again Relacy would see two threads

struct WithCells {
    Cells of_this;
    WithCells() {
        cells = &of_this;
        while (freed)
            std::free(std::exchange(freed, freed->next));
    }
};

} // namespace

void* operator new(std::size_t size, std::align_val_t alignment) {
    if (void* memory = std::aligned_alloc(static_cast<std::size_t>(alignment), size))
        return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory, std::align_val_t) noexcept {
    if (memory)
        freed = ::new (memory) Freed{freed};
}
void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept { operator delete(memory, alignment); }

/// What is put is taken, whole and in order, while chunks go back and forth.
template <template <class> class Atomic> struct PutAndTake : rl::test_suite<PutAndTake<Atomic>, 2> {
    static constexpr int items = 7;
    static constexpr std::size_t capacity = 5; ///< an emptied chunk may be met before the room in it was seen
    WithCells cells_first;
    Queue<Atomic> queue;

    void thread(unsigned index) {
        for (int i = 0; i < items; ++i) {
            if (index == 0) {
                while (queue.size() >= capacity)
                    rl::yield(1, $);
                queue.reserve();
                queue.emplace(i);
                continue;
            }
            Item* first = queue.front();
            for (; !first; first = queue.front())
                rl::yield(1, $);
            RL_ASSERT(first->value() == i);
            queue.pop();
        }
    }
};

/// The consumer rests if there is nothing. The light producer publishes with release only, and settles before it rests: the
/// item is seen, or the consumer is told.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct RestAndPut : rl::test_suite<RestAndPut<Atomic, left_out>, 2> {
    WithCells cells_first;
    Queue<Atomic> queue;
    Atomic<int> consumer_waits{0};
    Atomic<int> told{0};
    bool found = false;

    void consumer() {
        if ((found = queue.front() != nullptr))
            return;
        consumer_waits.store(1, std::memory_order_seq_cst);
        if (left_out != LeftOut::look_after_waiting)
            found = queue.front() != nullptr;
    }
    void tell() {
        if (consumer_waits.load(std::memory_order_seq_cst) != 0 && consumer_waits.exchange(0, std::memory_order_seq_cst) != 0)
            told.fetch_add(1, std::memory_order_relaxed);
    }
    void producer() {
        queue.reserve();
        queue.emplace(1);
        if (consumer_waits.load(std::memory_order_relaxed) != 0)
            tell();
        if (left_out != LeftOut::settling)
            queue.settle_puts();
        if (left_out != LeftOut::look_after_settling)
            tell();
    }
    void thread(unsigned index) { index == 0 ? consumer() : producer(); }
    void after() { RL_ASSERT(found || told.load(std::memory_order_relaxed) == 1); }
};

/// The same the other way round: the queue of one is full, the producer waits for room, the consumer settles what it took.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct RestAndTake : rl::test_suite<RestAndTake<Atomic, left_out>, 2> {
    WithCells cells_first;
    Queue<Atomic> queue;
    Atomic<int> producer_waits{0};
    Atomic<int> told{0};
    bool room = false;

    void before() {
        queue.reserve();
        queue.emplace(1);
    }
    void producer() {
        if ((room = queue.size() == 0))
            return;
        producer_waits.store(1, std::memory_order_seq_cst);
        if (left_out != LeftOut::look_after_waiting)
            room = queue.size() == 0;
    }
    void consumer() {
        RL_ASSERT(queue.front() != nullptr);
        queue.pop();
        if (left_out != LeftOut::settling)
            queue.settle();
        if (left_out != LeftOut::look_after_settling && producer_waits.load(std::memory_order_seq_cst) != 0 &&
            producer_waits.exchange(0, std::memory_order_seq_cst) != 0)
            told.fetch_add(1, std::memory_order_relaxed);
    }
    void thread(unsigned index) { index == 0 ? producer() : consumer(); }
    void after() { RL_ASSERT(room || told.load(std::memory_order_relaxed) == 1); }
};

/// The consumer leaves and closes the link while the light producer puts: what is inside is discarded by one of them.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct CloseAndPut : rl::test_suite<CloseAndPut<Atomic, left_out>, 2> {
    WithCells cells_first;
    Queue<Atomic> queue;
    Atomic<int> closed{0};
    rl::mutex close_mutex;

    void discard() {
        close_mutex.lock($);
        while (queue.front())
            queue.pop();
        close_mutex.unlock($);
    }
    void thread(unsigned index) {
        if (index == 0) {
            closed.store(1, std::memory_order_seq_cst);
            if (left_out != LeftOut::look_after_waiting)
                discard();
            return;
        }
        queue.reserve();
        queue.emplace(1);
        if (left_out != LeftOut::settling)
            queue.settle_puts();
        if (left_out != LeftOut::look_after_settling && closed.load(std::memory_order_seq_cst) != 0)
            discard();
    }
    void after() { RL_ASSERT(queue.size() == 0); }
};

int main() {
    using model::Atomic, model::AtomicWithoutAcquire, model::AtomicWithoutRelease, model::AtomicWithoutSequence;
    using enum LeftOut;
    constexpr unsigned long many = 100'000;
    return model::check<PutAndTake<Atomic>>(20'000) | model::check<RestAndPut<Atomic>>(50'000) |
           model::check<RestAndTake<Atomic>>(50'000) | model::check<CloseAndPut<Atomic>>(50'000) |
           model::must_fail<PutAndTake<AtomicWithoutAcquire>>(many, "putting and taking without acquire") |
           model::must_fail<PutAndTake<AtomicWithoutRelease>>(many, "putting and taking without release") |
           model::must_fail<RestAndPut<AtomicWithoutSequence>>(many, "a put, not sequentially consistent") |
           model::must_fail<RestAndPut<Atomic, settling>>(many, "a put that is not settled") |
           model::must_fail<RestAndPut<Atomic, look_after_settling>>(many, "no look at who waits after a put was settled") |
           model::must_fail<RestAndPut<Atomic, look_after_waiting>>(many, "no look at the queue after saying that one waits") |
           model::must_fail<RestAndTake<AtomicWithoutSequence>>(many, "taking, not sequentially consistent") |
           model::must_fail<RestAndTake<Atomic, settling>>(many, "taking that is not settled") |
           model::must_fail<RestAndTake<Atomic, look_after_settling>>(many, "no look at who waits after taking was settled") |
           model::must_fail<RestAndTake<Atomic, look_after_waiting>>(many, "no look for room after saying that one waits") |
           model::must_fail<CloseAndPut<AtomicWithoutSequence>>(many, "closing, not sequentially consistent") |
           model::must_fail<CloseAndPut<Atomic, settling>>(many, "a put into a closing link that is not settled") |
           model::must_fail<CloseAndPut<Atomic, look_after_settling>>(many, "no look at the link after a put was settled") |
           model::must_fail<CloseAndPut<Atomic, look_after_waiting>>(many, "closing without a look at what is inside");
}
