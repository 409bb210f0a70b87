// The place of a message's item, under all interleavings and memory orders that Relacy finds. Taking and putting are told in a
// few lines as flow::Message tells them.
#include <weir/framework/detail/item_place.hpp>

#include "model_check.hpp"

namespace {

enum class LeftOut : std::uint8_t { nothing, moving_out_first, moving_in_first };

} // namespace

/// Three have the message. Two want to take its item, and put it back changed; the third has another under the same credit,
/// and has not read this one. Nobody touches the item at the same time as another, and none is lost or doubled.
template <template <class> class Atomic, LeftOut left_out = LeftOut::nothing>
struct TakeAndPut : rl::test_suite<TakeAndPut<Atomic, left_out>, 3> {
    weir::detail::ItemPlace<Atomic> place;
    rl::var<int> item{1};
    model::Atomic<int> taken{0};
    model::Atomic<int> put{0};

    [[nodiscard]] int take() {
        if (left_out == LeftOut::moving_out_first)
            place.taken();
        const int out = item($);
        item($) = 0;
        if (left_out != LeftOut::moving_out_first)
            place.taken();
        taken.fetch_add(1, std::memory_order_relaxed);
        return out;
    }
    void with(int in) {
        if (!place.may_put())
            return; // a place of its own
        if (left_out == LeftOut::moving_in_first)
            place.put();
        item($) = in;
        if (left_out != LeftOut::moving_in_first)
            place.put();
        put.fetch_add(1, std::memory_order_relaxed);
    }
    void thread(unsigned index) {
        if (index == 2)
            return with(1);
        if (place.may_take()) {
            const int out = take();
            RL_ASSERT(out == 1);
            with(out);
        }
    }
    void after() {
        const int left = 1 + put.load(std::memory_order_relaxed) - taken.load(std::memory_order_relaxed);
        RL_ASSERT(left == 0 || left == 1);
        RL_ASSERT(item($) == left);
    }
};

int main() {
    using enum LeftOut;
    using model::Atomic, model::AtomicWithoutAcquire, model::AtomicWithoutRelease;
    constexpr unsigned long many = 100'000;
    return model::check<TakeAndPut<Atomic>>(50'000) |
           model::must_fail<TakeAndPut<AtomicWithoutAcquire>>(many, "the item's place without acquire") |
           model::must_fail<TakeAndPut<AtomicWithoutRelease>>(many, "the item's place without release") |
           model::must_fail<TakeAndPut<Atomic, moving_out_first>>(many, "the place let go of before the item was moved out") |
           model::must_fail<TakeAndPut<Atomic, moving_in_first>>(many, "the place let go of before the item was put in");
}
