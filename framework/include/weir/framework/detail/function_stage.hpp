#pragma once
// Makes a stage of a coroutine function: its parameters are its ports, then its options.
#include <weir/framework/stage.hpp>

#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::detail {

template <class T> inline constexpr bool is_input = false;
template <class T> inline constexpr bool is_input<Input<T>> = true;
template <class T> inline constexpr bool is_output = false;
template <class T> inline constexpr bool is_output<Output<T>> = true;
template <class T> inline constexpr bool is_port = is_input<std::decay_t<T>> || is_output<std::decay_t<T>>;

/// The parameters of a function, a function pointer or a callable with one operator().
template <class F> struct Signature {
    using Result = void; // not a callable with one signature
    using Parameters = std::tuple<>;
};
template <class F>
    requires requires { &F::operator(); }
struct Signature<F> : Signature<decltype(&F::operator())> {};
template <class R, class... A> struct Signature<R(A...)> {
    using Result = R;
    using Parameters = std::tuple<A...>;
};
template <class R, class... A> struct Signature<R (*)(A...)> : Signature<R(A...)> {};
template <class R, class... A> struct Signature<R (*)(A...) noexcept> : Signature<R(A...)> {};
template <class R, class C, class... A> struct Signature<R (C::*)(A...)> : Signature<R(A...)> {};
template <class R, class C, class... A> struct Signature<R (C::*)(A...) const> : Signature<R(A...)> {};
template <class R, class C, class... A> struct Signature<R (C::*)(A...) noexcept> : Signature<R(A...)> {};
template <class R, class C, class... A> struct Signature<R (C::*)(A...) const noexcept> : Signature<R(A...)> {};

template <class Tuple> struct PortTypes;
template <class... A> struct PortTypes<std::tuple<A...>> {
    static constexpr std::size_t inputs = (std::size_t{0} + ... + (is_input<std::decay_t<A>> ? 1u : 0u));
    static constexpr std::size_t outputs = (std::size_t{0} + ... + (is_output<std::decay_t<A>> ? 1u : 0u));
};

/// Marks "several" and "none" where a stage has not exactly one port of a direction.
struct NoPort {};
struct ManyPorts {};
/// A port whose type is known only when the pipeline is prepared.
struct AnyItem {};

template <class... A> struct SoleInput {
    using type = NoPort;
};
template <class T, class... A> struct SoleInput<Input<T>, A...> {
    using type = std::conditional_t<PortTypes<std::tuple<A...>>::inputs == 0, T, ManyPorts>;
};
template <class First, class... A> struct SoleInput<First, A...> : SoleInput<A...> {};
template <class... A> struct SoleOutput {
    using type = NoPort;
};
template <class T, class... A> struct SoleOutput<Output<T>, A...> {
    using type = std::conditional_t<PortTypes<std::tuple<A...>>::outputs == 0, T, ManyPorts>;
};
template <class First, class... A> struct SoleOutput<First, A...> : SoleOutput<A...> {};

template <class Tuple> struct SolePorts;
template <class... A> struct SolePorts<std::tuple<A...>> {
    using In = typename SoleInput<std::decay_t<A>...>::type;
    using Out = typename SoleOutput<std::decay_t<A>...>::type;
};

/// "in" where there is one, else "in0", "in1", ...
[[nodiscard]] inline std::string port_name(const char* base, std::size_t index, std::size_t count) {
    return count == 1 ? std::string(base) : base + std::to_string(index);
}

template <class F, class... Args> class FunctionStage final : public StageDefinition {
    using Parameters = typename Signature<std::decay_t<F>>::Parameters;
    static constexpr std::size_t port_count = PortTypes<Parameters>::inputs + PortTypes<Parameters>::outputs;

public:
    FunctionStage(std::string type, StageTraits traits, F f, Args... args)
        : type_(std::move(type)), traits_(traits), f_(std::move(f)), args_(std::move(args)...) {}

    [[nodiscard]] std::string type() const override { return type_; }
    [[nodiscard]] StageTraits traits() const override { return traits_; }
    void declare(Ports& ports) override { declare(ports, std::make_index_sequence<port_count>{}); }
    // A callable may say more of itself than a coroutine function can.
    [[nodiscard]] std::string refuses_seek(const Ports& ports) const override {
        if constexpr (requires { f_.refuses_seek(); })
            return f_.refuses_seek();
        else
            return traits_.seekable ? std::string() : StageDefinition::refuses_seek(ports);
    }
    void seek(const Position& to, const std::stop_token&) override {
        if constexpr (requires { f_.seek(to); })
            f_.seek(to);
    }
    [[nodiscard]] std::string refuses_again() const override {
        if constexpr (requires { f_.refuses_again(); })
            return f_.refuses_again();
        else
            return {};
    }
    [[nodiscard]] Process run(StageContext&, Ports& ports) override {
        return run(ports, std::make_index_sequence<port_count>{}, std::index_sequence_for<Args...>{});
    }

private:
    template <std::size_t... I> void declare(Ports& ports, std::index_sequence<I...>) {
        static_assert((is_port<std::tuple_element_t<I, Parameters>> && ...), "a stage's ports come before its options");
        (add(static_cast<std::decay_t<std::tuple_element_t<I, Parameters>>*>(nullptr), ports), ...);
    }
    template <class T> static void add(Input<T>*, Ports& ports) {
        static_cast<void>(ports.input<T>(port_name("in", ports.inputs().size(), PortTypes<Parameters>::inputs)));
    }
    template <class T> static void add(Output<T>*, Ports& ports) {
        static_cast<void>(ports.output<T>(port_name("out", ports.outputs().size(), PortTypes<Parameters>::outputs)));
    }
    template <class T> static Input<T> get(Input<T>*, const Ports& ports, std::size_t& in, std::size_t&) {
        return Input<T>(static_cast<InputPort<T>&>(*ports.inputs()[in++]));
    }
    template <class T> static Output<T> get(Output<T>*, const Ports& ports, std::size_t&, std::size_t& out) {
        return Output<T>(static_cast<OutputPort<T>&>(*ports.outputs()[out++]));
    }
    template <std::size_t... I, std::size_t... J>
    Process run(const Ports& ports, std::index_sequence<I...>, std::index_sequence<J...>) {
        std::size_t in = 0;
        std::size_t out = 0;
        // braces fix the order of evaluation
        std::tuple<std::decay_t<std::tuple_element_t<I, Parameters>>...> handles{
            get(static_cast<std::decay_t<std::tuple_element_t<I, Parameters>>*>(nullptr), ports, in, out)...};
        return std::invoke(f_, std::get<I>(handles)..., std::get<J>(args_)...);
    }

    std::string type_;
    StageTraits traits_;
    F f_;
    std::tuple<Args...> args_;
};

} // namespace weir::detail
