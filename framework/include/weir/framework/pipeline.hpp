#pragma once
// A graph of stages: build it, run it, end it.
#include <weir/framework/detail/function_stage.hpp>
#include <weir/framework/engine.hpp>
#include <weir/framework/error.hpp>
#include <weir/framework/error_policy.hpp>
#include <weir/framework/link_options.hpp>
#include <weir/framework/shapes.hpp>
#include <weir/framework/snapshot.hpp>
#include <weir/framework/stage.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

class Attachment;
class Branch;
class Pipeline;
enum class Detach : std::uint8_t;

/// What the user says of a stage in a pipeline.
struct StageOptions {
    std::size_t quota = 0; ///< frames of each output that may be out; 0: computed from the graph
    ErrorPolicy on_error = {};
};

namespace detail {

class PipelineImpl;

/// A stage's place in a pipeline and a port of it, by name; "" for the obvious one.
struct PortRef {
    PipelineImpl* pipeline = nullptr;
    std::size_t stage = 0;
    std::string port;
};

[[nodiscard]] PortRef connect(const PortRef& from, const PortRef& to, const LinkOptions& options);

} // namespace detail

namespace detail {

/// Items that cannot be copied go to one reader, so the handle to an output of them is used up where it is connected.
template <class T> inline constexpr bool feeds_one_link = Item<T> && !std::is_copy_constructible_v<T>;
template <bool once> struct UsedOnce {};
template <> struct UsedOnce<true> {
    UsedOnce() = default;
    UsedOnce(UsedOnce&&) = default;
    UsedOnce& operator=(UsedOnce&&) = default;
};
/// In place of an output's type: it was not moved to where it would have been usable.
template <class T> struct NotMoved {};

template <class T> constexpr void require_copies() {
    static_assert(!feeds_one_link<T>, "the items of this output cannot be copied, so it feeds one link: connect it once, with "
                                      "std::move(stage) >> ..., or where the stage is added");
}

} // namespace detail

/// One port of a stage in a pipeline. `T` is the item's type, or detail::AnyItem if only `prepare` can tell. To an output whose
/// items cannot be copied, the handle can only be moved.
template <class T> struct OutRef : detail::PortRef, detail::UsedOnce<detail::feeds_one_link<T>> {
    explicit OutRef(detail::PortRef ref) : PortRef(std::move(ref)) {}
};
template <class T> struct InRef : detail::PortRef {};

namespace detail {

/// A port by name, its type checked when the pipeline is prepared.
struct NamedPort {
    PortRef ref;
    operator OutRef<AnyItem>() const { return OutRef<AnyItem>(ref); }
    operator InRef<AnyItem>() const { return {ref}; }
};

} // namespace detail

/// A stage in a pipeline. A small handle, valid as long as the pipeline. `In` and `Out` are the types of its only input
/// and output where it has just one. If the output's items cannot be copied, it can be moved only: connecting the output uses
/// it up, so that a second link does not compile.
template <class In, class Out> class StageRef : private detail::UsedOnce<detail::feeds_one_link<Out>> {
public:
    StageRef(detail::PipelineImpl& pipeline, std::size_t index) noexcept : pipeline_(&pipeline), index_(index) {}

    /// A port by name, its type checked when the pipeline is prepared: `demuxer["video"] >> ...`, `... >> muxer["in"]`.
    [[nodiscard]] detail::NamedPort operator[](std::string_view port) const { return {{pipeline_, index_, std::string(port)}}; }
    [[nodiscard]] OutRef<Out> out() const& {
        detail::require_copies<Out>();
        return output();
    }
    [[nodiscard]] OutRef<Out> out() && { return output(); }
    [[nodiscard]] InRef<In> in() const { return {{pipeline_, index_, {}}}; }
    [[nodiscard]] std::size_t index() const noexcept { return index_; }
    /// The same without the types of its ports, for containers.
    [[nodiscard]] operator StageRef<detail::AnyItem, detail::AnyItem>() const noexcept
        requires(!std::is_same_v<StageRef, StageRef<detail::AnyItem, detail::AnyItem>>)
    {
        return {*pipeline_, index_};
    }

    // What `a >> *this` gives: this stage, for the next `>>`.
    [[nodiscard]] StageRef next() && { return std::move(*this); }
    [[nodiscard]] auto next() const& {
        if constexpr (detail::feeds_one_link<Out>)
            return StageRef<In, detail::NotMoved<Out>>(*pipeline_, index_);
        else
            return StageRef(*this);
    }

private:
    [[nodiscard]] OutRef<Out> output() const { return OutRef<Out>({pipeline_, index_, {}}); }

    detail::PipelineImpl* pipeline_;
    std::size_t index_;
};

using AnyStage = StageRef<detail::AnyItem, detail::AnyItem>;

namespace detail {

template <class T> inline constexpr bool not_moved = false;
template <class T> inline constexpr bool not_moved<NotMoved<T>> = true;

template <class From, class To> constexpr void check_types() {
    static_assert(!std::is_same_v<From, NoPort>, "this stage has no output to connect");
    static_assert(!std::is_same_v<To, NoPort>, "this stage has no input to connect");
    static_assert(!std::is_same_v<From, ManyPorts>, "this stage has several outputs: name one, stage[\"out0\"]");
    static_assert(!std::is_same_v<To, ManyPorts>, "this stage has several inputs: name one, stage[\"in0\"]");
    static_assert(!not_moved<From>, "the items of this output cannot be copied, so it feeds one link: in a >> b >> c write "
                                    "std::move(b), or add the stage there");
    if constexpr (!std::is_same_v<From, AnyItem> && !std::is_same_v<To, AnyItem> && !not_moved<From>)
        static_assert(std::is_same_v<From, To>, "the output's items are not what the input takes");
}

template <class T> inline constexpr bool is_stage_ref = false;
template <class In, class Out> inline constexpr bool is_stage_ref<StageRef<In, Out>> = true;
template <class T>
concept StageHandle = is_stage_ref<std::remove_cvref_t<T>>;

template <class T, class In, class Out> void link(const OutRef<T>& from, const StageRef<In, Out>& to) {
    check_types<T, In>();
    static_cast<void>(connect(from, to.in(), {}));
}

} // namespace detail

// a >> b connects; the result is b, so that chains read as they flow. An output whose items cannot be copied is moved from.
template <class A, class B, detail::StageHandle To> auto operator>>(const StageRef<A, B>& from, To&& to) {
    detail::link(from.out(), to);
    return std::forward<To>(to).next();
}
template <class A, class B, detail::StageHandle To> auto operator>>(StageRef<A, B>&& from, To&& to) {
    detail::link(std::move(from).out(), to);
    return std::forward<To>(to).next();
}
template <class T, detail::StageHandle To> auto operator>>(const OutRef<T>& from, To&& to) {
    detail::require_copies<T>();
    detail::link(from, to);
    return std::forward<To>(to).next();
}
template <class T, detail::StageHandle To> auto operator>>(OutRef<T>&& from, To&& to) {
    detail::link(from, to);
    return std::forward<To>(to).next();
}
template <class A, class B, class T> void operator>>(const StageRef<A, B>& from, const InRef<T>& to) {
    detail::check_types<B, T>();
    static_cast<void>(detail::connect(from.out(), to, {}));
}
template <class A, class B, class T> void operator>>(StageRef<A, B>&& from, const InRef<T>& to) {
    detail::check_types<B, T>();
    static_cast<void>(detail::connect(std::move(from).out(), to, {}));
}
// With names, `a["video"] >> b["in1"]`.
template <detail::StageHandle To> auto operator>>(const detail::NamedPort& from, To&& to) {
    detail::link(OutRef<detail::AnyItem>(from), to);
    return std::forward<To>(to).next();
}
template <class A, class B> void operator>>(const StageRef<A, B>& from, const detail::NamedPort& to) {
    from >> InRef<detail::AnyItem>(to);
}
template <class A, class B> void operator>>(StageRef<A, B>&& from, const detail::NamedPort& to) {
    std::move(from) >> InRef<detail::AnyItem>(to);
}
inline void operator>>(const detail::NamedPort& from, const detail::NamedPort& to) {
    static_cast<void>(detail::connect(from.ref, to.ref, {}));
}

/// An output that a stage has made while it runs.
struct AddedPort {
    std::string stage;
    std::string port;
    std::string items;                          ///< "packets"
    std::shared_ptr<const PacketFormat> format; ///< of packets, as far as it is known
};

/// A graph and its run. Built, started and waited for by one thread at a time; `cancel`, `drain`, `pause`, `resume`, `step`,
/// `seek`, `snapshot`, `attach` and `detach` may be called from any. Destroying a running pipeline cancels it and waits.
/// In a stage's body and in the completion callback those that wait (`prepare`, `check`, `start`, `run`, `wait`, `attach`,
/// `detach`, `seek`, `step`) throw WrongThread.
class Pipeline {
public:
    explicit Pipeline(Engine& engine = Engine::standard(), std::string name = "pipeline");
    ~Pipeline();
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    /// Adds a stage: a coroutine function whose first parameters are its ports, with its options; or a shape such as `map(f)`.
    /// The callable and its captures live as long as the pipeline. Throws GraphError if the name is taken.
    template <class F, class... Args>
        requires std::is_same_v<typename detail::Signature<std::decay_t<F>>::Result, Process>
    auto add(std::string name, F&& f, Args&&... args) {
        return add_function(std::move(name), "stage", StageTraits{}, std::forward<F>(f), std::forward<Args>(args)...);
    }
    template <class Body> auto add(std::string name, detail::Shape<Body> shape) {
        return add_function(std::move(name), shape.type, shape.traits, std::move(shape.body));
    }
    /// The same with what the pipeline should know of it. Throws std::invalid_argument if a map is said to be stateless and its
    /// function cannot be called as const.
    template <class Body> auto add(std::string name, StageTraits traits, detail::Shape<Body> shape) {
        traits.at_once = std::max(traits.at_once, shape.traits.at_once);
        if constexpr (requires { Body::can_be_stateless; })
            if (traits.stateless) {
                const std::size_t calls = calls_at_once(traits);
                traits.at_once = std::max(traits.at_once, calls);
                if constexpr (Body::can_be_stateless)
                    return add_function(std::move(name), shape.type, traits, std::move(shape.body).at_once(calls));
                else
                    throw std::invalid_argument(name + ": a map that is stateless calls its function as const");
            }
        return add_function(std::move(name), shape.type, traits, std::move(shape.body));
    }
    template <class F, class... Args>
        requires std::is_same_v<typename detail::Signature<std::decay_t<F>>::Result, Process>
    auto add(std::string name, const StageTraits& traits, F&& f, Args&&... args) {
        return add_function(std::move(name), "stage", traits, std::forward<F>(f), std::forward<Args>(args)...);
    }
    /// A ready-made stage such as `demux("in.mp4")`.
    AnyStage add(std::string name, std::unique_ptr<StageDefinition> definition, StageOptions options = {});

    /// As `>>`, with options: from a stage with one output, an OutRef or a named port to a stage with one input, an InRef or a
    /// named port. An output whose items cannot be copied is moved from: `connect(std::move(stage), ...)`.
    template <class From, class To> void connect(From&& from, const To& to, const LinkOptions& options = {}) {
        connect_ports(out_ref(std::forward<From>(from)), in_ref(to), options);
    }
    /// Sets options of a stage that was added.
    template <class In, class Out> void set(const StageRef<In, Out>& stage, const StageOptions& options) {
        set_options(stage.index(), options);
    }

    /// Opens the stages and makes the links. Called by `check` and `start`. Throws GraphError, Error.
    void prepare();
    /// `prepare`, and refuses what could not run: inputs without a link, loops without a first item, quotas too small.
    void check();
    /// `check`, and sets everything going. After the end: opens all stages anew and runs again, from the beginning. Throws
    /// GraphError then if a stage cannot (its items came from the application). What the callables of stages have kept, they
    /// keep.
    void start();
    /// Blocks until the end; throws the Error that ended it, or Cancelled.
    void wait();
    void run() {
        start();
        wait();
    }
    /// The sources end, everything that is under way is delivered.
    void drain() noexcept;
    /// Stop now; what is under way is discarded.
    void cancel() noexcept;
    /// Stops every stage at its next wait; what runs on other threads (I/O, codecs) is finished first. Frames stay where they
    /// are. Returns at once. `drain` and `cancel` end a paused pipeline, too.
    void pause() noexcept;
    /// Goes on where it was. By the engine's clock, the time of the pause has passed.
    void resume() noexcept;
    [[nodiscard]] bool paused() const noexcept;
    /// Has each stage without outputs of the paused pipeline (and its branches) take so many items, then pauses again. Blocks
    /// until they have, or have ended; what they wait for meanwhile (I/O, the application) is waited for. One gets fewer if
    /// what leads to it can go on only when another takes more: where a single item comes to the one, dozens may come to the
    /// other. Throws GraphError if it is not paused.
    void step(std::size_t items = 1);
    /// Goes on at that time of the stream (from its beginning, 0): what is under way is discarded, sources go there, all other
    /// stages are made anew, and those that had ended live again. No item from before the seek is seen after it. A paused
    /// pipeline stays paused. `exact`: decoders leave out what lies before the time; otherwise it begins at the key frame
    /// before it. Blocks until all stages have come to a wait and the sources have gone there: what runs on other threads is
    /// finished first. Throws GraphError, and nothing has happened, if the pipeline does not run (it may be over) or a stage
    /// cannot (a source without another place to begin at, a file that is being written), std::invalid_argument for a time
    /// below 0; the Error or Cancelled of a pipeline that ends meanwhile, also if a source fails.
    void seek(std::chrono::nanoseconds time, bool exact = true);
    /// Changes an option of a stage, as in the graph language; while it runs from its next item on. Which can be changed `weir
    /// inspect` says (of an encoder's own, weir/stages/encode.hpp). From any thread. Throws GraphError if there is no such
    /// stage or option, it cannot be changed, or the value is not allowed; nothing has changed then.
    void set_option(std::string_view stage, std::string_view option, std::string_view value);
    /// True once everything has ended.
    [[nodiscard]] bool finished() const noexcept;
    /// Called once at the end, on a thread of the engine, before `wait` returns. Set before `start`.
    void on_end(std::function<void(EndReason)> f);
    /// Called for each output that a stage makes while it runs (`add_output`; a stream of a live input that appears late), in
    /// the body of that stage, so it must not wait: have another thread attach a branch to it, by its name. What is put until
    /// then is discarded; nothing is if `pause` is called here (but not while a `step` is under way), and `resume` after
    /// `attach`, also if that throws. What it throws is the stage's error. Set before `start`.
    void on_port_added(std::function<void(const AddedPort&)> f);

    // Branches: <weir/framework/branch.hpp>.
    /// Opens the branch's stages, joins it to this pipeline, which runs, and sets it going. The first item that it gets from an
    /// output is the first one put after that; what else the output feeds loses nothing. Blocks while stages are opened and
    /// until the stages it reads from come to their next wait; returns when its links are live. Each output at its own moment.
    /// Throws what `check` and `start` do, GraphError if this does not run, Error if all the streams that it would read have
    /// ended (if only some have, it finds those at their end), the Error or Cancelled of a pipeline that ends meanwhile. A
    /// branch is used up, also if this throws.
    Attachment attach(Branch&& branch);
    /// The same for a branch that reads one stream and was not connected to it: `from` (as in `connect`) feeds the stage that
    /// was added to it first.
    template <class From> Attachment attach(const From& from, Branch&& branch, const LinkOptions& options = {});
    /// `end` and `wait` of the attachment. A discard throws no Error and no Cancelled.
    void detach(const Attachment& attachment, Detach how);
    void detach(const Attachment& attachment); ///< drains

    /// With its branches.
    [[nodiscard]] Snapshot snapshot() const;
    /// The wiring as text: stages, ports, links with their capacities, quotas; its branches after it.
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] Engine& engine() const noexcept;
    [[nodiscard]] detail::PipelineImpl& impl() const noexcept { return *impl_; }

private:
    friend class Branch;
    friend class Attachment;
    Pipeline(Pipeline& parent, std::string name, bool fails_parent); // a branch's
    template <class F, class... Args>
    auto add_function(std::string name, std::string type, const StageTraits& traits, F&& f, Args&&... args) {
        using Stage = detail::FunctionStage<std::decay_t<F>, std::decay_t<Args>...>;
        using Sole = detail::SolePorts<typename detail::Signature<std::decay_t<F>>::Parameters>;
        const AnyStage stage = add(
            std::move(name), std::make_unique<Stage>(std::move(type), traits, std::forward<F>(f), std::forward<Args>(args)...));
        return StageRef<typename Sole::In, typename Sole::Out>(*impl_, stage.index());
    }
    template <class T, class U>
    static void connect_ports(const OutRef<T>& from, const InRef<U>& to, const LinkOptions& options) {
        detail::check_types<T, U>();
        static_cast<void>(detail::connect(from, to, options));
    }
    template <class T> static OutRef<T> out_ref(const OutRef<T>& port) {
        detail::require_copies<T>();
        return OutRef<T>(port);
    }
    template <class T> static OutRef<T> out_ref(OutRef<T>&& port) { return std::move(port); }
    template <class T> static InRef<T> in_ref(const InRef<T>& port) { return port; }
    template <class In, class Out> static OutRef<Out> out_ref(const StageRef<In, Out>& stage) { return stage.out(); }
    template <class In, class Out> static OutRef<Out> out_ref(StageRef<In, Out>&& stage) { return std::move(stage).out(); }
    template <class In, class Out> static InRef<In> in_ref(const StageRef<In, Out>& stage) { return stage.in(); }
    static OutRef<detail::AnyItem> out_ref(const detail::NamedPort& port) { return OutRef<detail::AnyItem>(port.ref); }
    static InRef<detail::AnyItem> in_ref(const detail::NamedPort& port) { return {port.ref}; }
    void set_options(std::size_t stage, const StageOptions& options);
    /// As many as there are threads for it.
    [[nodiscard]] std::size_t calls_at_once(const StageTraits& traits) const noexcept;

    std::unique_ptr<detail::PipelineImpl> impl_;
};

} // namespace weir
