#pragma once
// Stages that need no coroutine of their own.
#include <weir/framework/detail/function_stage.hpp>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {

namespace detail {

template <class F>
using FirstParameter = std::decay_t<std::tuple_element_t<0, typename Signature<std::decay_t<F>>::Parameters>>;
template <class F> using ResultOf = std::decay_t<typename Signature<std::decay_t<F>>::Result>;

template <class F, class T, class R> struct Mapper {
    F f;
    Process operator()(Input<T> in, Output<R> out) {
        while (auto item = co_await in.next())
            if (!co_await out.put(f(std::move(*item))))
                co_return;
    }
};

template <class F, class T> struct Keeper {
    F f;
    Process operator()(Input<T> in, Output<T> out) {
        while (auto item = co_await in.next())
            if (f(std::as_const(*item)))
                if (!co_await out.put(std::move(*item)))
                    co_return;
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
        while (auto item = co_await in.next())
            f(std::move(*item));
    }
};

/// A shape knows the name of its type for statistics.
template <class Body> struct Shape {
    Body body;
    const char* type;
    StageTraits traits;
};

} // namespace detail

/// One item out for each item in: `R f(T)`.
template <class F> [[nodiscard]] auto map(F f) {
    using Body = detail::Mapper<F, detail::FirstParameter<F>, detail::ResultOf<F>>;
    return detail::Shape<Body>{{std::move(f)}, "map", {}};
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
