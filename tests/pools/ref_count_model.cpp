// The count of references to a buffer, under all interleavings and memory orders that Relacy finds: the last one to let go
// has the buffer alone. The buffer around it is told in a few lines as BlockRef tells it.
#include <weir/pools/detail/ref_count.hpp>

#include "model_check.hpp"

namespace {

/// `Counted` is what stands for the quota that a buffer counts against: copied from the buffer, and moved out at its end.
template <template <class> class Atomic> struct Buffer {
    using Count = weir::detail::RefCount<Atomic>;
    Count refs;
    rl::var<int> contents{0}; ///< the pool writes it when the buffer is back
    rl::var<int> quota{1};    ///< the end takes it out
    model::Atomic<int> ends{0};
    model::Atomic<int> taken{0}; ///< from the quota

    void end() {
        contents($) = 0;
        quota($) = 0;
        ends.fetch_add(1, std::memory_order_relaxed);
    }
    void give_back() { taken.fetch_sub(1, std::memory_order_relaxed); }
};

enum class Step { all, quota_copied_too_late };

/// As BlockRef::drop.
template <template <class> class Atomic, Step steps> void drop(Buffer<Atomic>& buffer) {
    if (!buffer.refs.codec_may_hold()) {
        if (!buffer.refs.drop())
            return;
        buffer.end();
        return buffer.give_back();
    }
    int quota = 0;
    if (steps == Step::all)
        quota = buffer.quota($);
    using Left = typename Buffer<Atomic>::Count::Left;
    const Left left = buffer.refs.drop_lent();
    if (left == Left::handles)
        return;
    if (left == Left::nobody)
        buffer.end();
    else if (steps != Step::all)
        quota = buffer.quota($);
    if (left == Left::codec)
        RL_ASSERT(quota == 1);
    buffer.give_back();
}

} // namespace

/// Three handles read and are dropped, one of them after it was copied.
template <template <class> class Atomic> struct Handles : rl::test_suite<Handles<Atomic>, 3> {
    Buffer<Atomic> buffer;

    void before() {
        buffer.contents($) = 7;
        buffer.taken.store(1, std::memory_order_relaxed);
        buffer.refs.start();
        buffer.refs.add();
        buffer.refs.add();
    }
    void thread(unsigned index) {
        RL_ASSERT(buffer.contents($) == 7);
        if (index == 0) {
            buffer.refs.add();
            drop<Atomic, Step::all>(buffer);
        }
        drop<Atomic, Step::all>(buffer);
    }
    void after() {
        RL_ASSERT(buffer.ends.load(std::memory_order_relaxed) == 1);
        RL_ASSERT(buffer.taken.load(std::memory_order_relaxed) == 0);
    }
};

/// A sole handle writes without a copy while others are dropped.
template <template <class> class Atomic> struct Unique : rl::test_suite<Unique<Atomic>, 2> {
    Buffer<Atomic> buffer;

    void before() {
        buffer.contents($) = 7;
        buffer.refs.start();
        buffer.refs.add();
    }
    void thread(unsigned index) {
        RL_ASSERT(buffer.contents($) == 7);
        if (index == 0 && buffer.refs.unique())
            buffer.contents($) = 8;
        if (buffer.refs.drop())
            buffer.end();
    }
    void after() { RL_ASSERT(buffer.ends.load(std::memory_order_relaxed) == 1); }
};

/// A codec has the buffer, lends it twice and lets go, while the handles are dropped.
template <template <class> class Atomic, Step steps = Step::all> struct Lent : rl::test_suite<Lent<Atomic, steps>, 2> {
    Buffer<Atomic> buffer;

    void lend() {
        if (buffer.refs.lend())
            buffer.taken.fetch_add(1, std::memory_order_relaxed);
    }
    void before() {
        buffer.contents($) = 7;
        buffer.refs.start();
        buffer.refs.to_codec();
        lend();
    }
    void thread(unsigned index) {
        if (index == 0) {
            RL_ASSERT(buffer.contents($) == 7);
            return drop<Atomic, steps>(buffer);
        }
        lend();
        RL_ASSERT(buffer.contents($) == 7);
        drop<Atomic, steps>(buffer);
        if (buffer.refs.drop_codec())
            buffer.end();
    }
    void after() {
        RL_ASSERT(buffer.ends.load(std::memory_order_relaxed) == 1);
        RL_ASSERT(buffer.taken.load(std::memory_order_relaxed) == 0);
    }
};

int main() {
    using model::Atomic, model::AtomicWithoutAcquire, model::AtomicWithoutRelease;
    return model::check<Handles<Atomic>>(50'000) | model::check<Unique<Atomic>>(50'000) | model::check<Lent<Atomic>>(100'000) |
           model::must_fail<Handles<AtomicWithoutAcquire>>(100'000, "handles without acquire") |
           model::must_fail<Handles<AtomicWithoutRelease>>(100'000, "handles without release") |
           model::must_fail<Unique<AtomicWithoutAcquire>>(100'000, "a sole handle without acquire") |
           model::must_fail<Unique<AtomicWithoutRelease>>(100'000, "a sole handle without release") |
           model::must_fail<Lent<AtomicWithoutAcquire>>(100'000, "lent by a codec, without acquire") |
           model::must_fail<Lent<AtomicWithoutRelease>>(100'000, "lent by a codec, without release") |
           model::must_fail<Lent<Atomic, Step::quota_copied_too_late>>(100'000, "the quota copied after the handle is dropped");
}
