#pragma once
// Stages that need no coroutine of their own.
#include <weir/framework/any.hpp>
#include <weir/framework/detail/function_stage.hpp>
#include <weir/framework/offload.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

namespace detail {

template <class F>
using FirstParameter = std::decay_t<std::tuple_element_t<0, typename Signature<std::decay_t<F>>::Parameters>>;
template <class F> using ResultOf = std::decay_t<typename Signature<std::decay_t<F>>::Result>;

/// `f()`, or nothing if it threw and the stage's policy is to skip.
template <class F> [[nodiscard]] auto skipping(F f) -> std::optional<decltype(f())> {
    try {
        return f();
    } catch (...) {
        this_stage().report(std::current_exception());
    }
    return std::nullopt;
}

/// What a call returns, made where it stays (an optional is moved into); nothing if it threw and the stage's policy is to skip.
template <class R> class ResultInPlace {
public:
    template <class F> explicit ResultInPlace(F f) {
        try {
            ::new (static_cast<void*>(&result_)) R(f());
            there_ = true;
        } catch (...) {
            this_stage().report(std::current_exception());
        }
    }
    ResultInPlace(const ResultInPlace&) = delete;
    ResultInPlace& operator=(const ResultInPlace&) = delete;
    ~ResultInPlace() {
        if (there_)
            result_.~R();
    }
    explicit operator bool() const noexcept { return there_; }
    [[nodiscard]] R& operator*() noexcept { return result_; }

private:
    union {
        R result_;
    };
    bool there_ = false;
};

template <class F, class T> struct Keeper {
    F f;
    Process operator()(Input<T> in, Output<T> out) {
        while (auto item = co_await in.next())
            if (skipping([&]() -> bool { return f(std::as_const(*item)); }).value_or(false))
                if (!co_await out.put(std::move(*item)))
                    co_return;
    }
};

/// At most `calls` of `f` at once, on workers; what they return goes out in the order in which the items came in.
template <class F, class T, class R> struct ParallelMapper {
    F f;
    std::size_t calls;

    struct Call {
        const F* f; // the stage's own, which lives until its last job is over
        T item;
        R operator()() { return (*f)(std::move(item)); }
    };
    Process operator()(Input<T> in, Output<R> out) {
        std::vector<Compute<Call>> slots(calls);
        std::size_t first = 0; // the oldest that is under way
        std::size_t busy = 0;
        for (bool more = true; more || busy > 0;) {
            if (more && busy < calls && (busy == 0 || co_await any(in, slots[first].result()) == 0)) {
                if (std::optional<T> item = co_await in.next())
                    slots[(first + busy++) % calls].start(Call{&f, std::move(*item)});
                else
                    more = false;
                continue;
            }
            std::optional<R> result;
            std::exception_ptr error;
            try {
                result = co_await slots[first].result();
            } catch (...) {
                error = std::current_exception();
            }
            if (error)
                this_stage().report(std::move(error));
            first = (first + 1) % calls;
            --busy;
            if (result && !co_await out.put(std::move(*result)))
                co_return;
        }
    }
};

template <class F, class T, class R> struct Mapper {
    F f;
    static constexpr bool can_be_stateless = std::is_invocable_v<const F&, T>;
    [[nodiscard]] ParallelMapper<F, T, R> at_once(std::size_t calls) && { return {std::move(f), calls}; }
    Process operator()(Input<T> in, Output<R> out) {
        while (co_await in.peek()) {
            ResultInPlace<R> result([&]() -> R { return f(in.port().take()); });
            if (result && !co_await out.put(std::move(*result)))
                co_return;
        }
    }
};

template <class F, class T> struct Producer {
    F f;
    Process operator()(Output<T> out) {
        while (std::optional<T> item = f())
            if (!co_await out.put(std::move(*item)))
                co_return;
    }
};

template <class F, class T> struct Consumer {
    F f;
    Process operator()(Input<T> in) {
        while (co_await in.peek())
            static_cast<void>(skipping([&]() -> bool {
                f(in.port().take());
                return true;
            }));
    }
};

/// A shape knows the name of its type for statistics.
template <class Body> struct Shape {
    Body body;
    const char* type;
    StageTraits traits;
};

} // namespace detail

/// One item out for each item in: `R f(T)`. Added with `StageTraits::stateless`: several calls at once, as by `parallel`.
template <class F> [[nodiscard]] auto map(F f) {
    using Body = detail::Mapper<F, detail::FirstParameter<F>, detail::ResultOf<F>>;
    return detail::Shape<Body>{{std::move(f)}, "map", {}};
}

/// The same with up to `calls` calls of `R f(T) const` at once, on several workers; the order is kept. `f` is called by several
/// threads at a time; items move in and out of calls, so they need not be copyable. Throws std::invalid_argument if `calls` is
/// 0.
template <class F> [[nodiscard]] auto parallel(std::size_t calls, F f) {
    using Body = detail::ParallelMapper<F, detail::FirstParameter<F>, detail::ResultOf<F>>;
    if (calls == 0)
        throw std::invalid_argument("parallel: 0 calls at once would do nothing");
    return detail::Shape<Body>{{std::move(f), calls}, "parallel", {.at_once = calls}};
}

/// Passes on the items for which `bool f(const T&)` holds.
template <class F> [[nodiscard]] auto filter(F f) {
    using Body = detail::Keeper<F, detail::FirstParameter<F>>;
    return detail::Shape<Body>{{std::move(f)}, "filter", {}};
}

/// Items from `std::optional<T> f()` until it is empty.
template <class F> [[nodiscard]] auto source(F f) {
    using Body = detail::Producer<F, typename detail::ResultOf<F>::value_type>;
    return detail::Shape<Body>{{std::move(f)}, "source", {}};
}

/// Gives each item to `void f(T)`.
template <class F> [[nodiscard]] auto sink(F f) {
    using Body = detail::Consumer<F, detail::FirstParameter<F>>;
    return detail::Shape<Body>{{std::move(f)}, "sink", {}};
}

} // namespace weir
