#pragma once
// What a stage is before it runs: its ports, what it holds, and how to make its coroutine.
#include <weir/framework/error.hpp>
#include <weir/framework/port.hpp>
#include <weir/framework/process.hpp>
#include <weir/framework/stage_context.hpp>

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// What the pipeline should know of a stage to bound it well.
struct StageTraits {
    /// Items it keeps besides the one in its hand before it lets the first go (look-ahead, references).
    std::size_t holds = 0;
    /// Items it may have in hand at once if it can get them; one is enough for it to go on.
    std::size_t at_once = 1;
    /// The media time it keeps inside in encoded or other form, seconds: branches beside it get links long enough.
    double delay = 0;
    /// Its outputs may carry the frames it got (not new ones): their producers' quotas count what lies beyond it.
    bool passes_frames = true;
    /// Gaps go straight through. False for stages that keep items inside: they pass them on themselves.
    bool forwards_gaps = true;
    /// How busy its codec is beside those of other stages, for the sharing out of threads: 1 for a decoder of pictures, 3 for
    /// an encoder of them, 0 where one thread is enough (sound) or there is none.
    unsigned codec_load = 0;
    /// Waits for every input in turn (a muxer, a join).
    bool joins = false;
    /// Its I/O may wait for ever (network, pipe): it gets a thread of its own.
    bool endpoint = false;
    /// Its body may block (files, locks, another library's calls): it runs on I/O threads and not on workers, as do the calls
    /// of `parallel`; an endpoint's on its own. Each activation costs a switch of threads, and EngineConfig::io_threads says
    /// how many can block at once.
    bool blocking = false;
    /// What it makes of an item does not depend on the items before, and its function may be called by several threads at a
    /// time: `map` calls it so on as many items as there are workers, as `parallel` would, and keeps the order. Other stages
    /// gain nothing by it.
    bool stateless = false;
    /// Its frames go on, outside the links, to the stages of the pipeline that have no inputs and the same value here: through
    /// a native graph (flow.hpp). Their outputs count in the quotas of the frames' producers.
    const void* beyond = nullptr;
    /// A coroutine function without inputs that begins at `this_stage().position()`, so that one can seek. Stages with inputs
    /// are made anew by a seek and need not say so.
    bool seekable = false;
    /// It has no inputs and yet is no source: `drain` does not end it, its stream ends by itself.
    bool fed = false;
};

/// The ports of one stage, in the order they were made.
class Ports {
public:
    template <Item T> Input<T> input(std::string name) { return Input<T>(add_input<T>(std::move(name))); }
    template <Item T> Output<T> output(std::string name) { return Output<T>(add_output<T>(std::move(name))); }

    [[nodiscard]] detail::InputBase* find_input(std::string_view name) const noexcept;
    [[nodiscard]] detail::OutputBase* find_output(std::string_view name) const noexcept;
    [[nodiscard]] const std::vector<std::unique_ptr<detail::InputBase>>& inputs() const noexcept { return inputs_; }
    [[nodiscard]] const std::vector<std::unique_ptr<detail::OutputBase>>& outputs() const noexcept { return outputs_; }
    /// "video, audio", or "none".
    [[nodiscard]] std::string output_names() const;
    [[nodiscard]] std::string input_names() const;
    void clear() noexcept;
    /// One that was made while the stage runs. Under the topology's mutex.
    void adopt(std::unique_ptr<detail::OutputBase> output) { outputs_.push_back(std::move(output)); }

    /// A port of that name and type, made before. Throws GraphError if it has another type or does not exist.
    template <Item T> [[nodiscard]] Input<T> get_input(std::string_view name) const {
        return Input<T>(static_cast<detail::InputPort<T>&>(require_input(name, {&typeid(T), &type_name<T>})));
    }
    template <Item T> [[nodiscard]] Output<T> get_output(std::string_view name) const {
        return Output<T>(static_cast<detail::OutputPort<T>&>(require_output(name, {&typeid(T), &type_name<T>})));
    }

private:
    template <Item T> detail::InputPort<T>& add_input(std::string name) {
        auto port = std::make_unique<detail::InputPort<T>>(std::move(name));
        auto& result = *port;
        inputs_.push_back(std::move(port));
        return result;
    }
    template <Item T> detail::OutputPort<T>& add_output(std::string name) {
        auto port = std::make_unique<detail::OutputPort<T>>(std::move(name));
        auto& result = *port;
        outputs_.push_back(std::move(port));
        return result;
    }
    [[nodiscard]] detail::InputBase& require_input(std::string_view name, detail::ItemType type) const;
    [[nodiscard]] detail::OutputBase& require_output(std::string_view name, detail::ItemType type) const;

    std::vector<std::unique_ptr<detail::InputBase>> inputs_;
    std::vector<std::unique_ptr<detail::OutputBase>> outputs_;
};

/// Makes another output of a stage that runs, in its body: a stream that has only now appeared. The application is told
/// (Pipeline::on_port_added) and may attach a branch to it; what is put before is discarded. `format`: of packets. It stays
/// until the pipeline is over: a stage that begins again, after a seek or a restart, is given the one it made before, and
/// nobody is told. Throws GraphError if the stage has had an output of that name from the beginning, or one for another type;
/// std::bad_alloc.
template <Item T>
Output<T> add_output(StageContext& context, std::string name, std::shared_ptr<const PacketFormat> format = nullptr) {
    auto port = std::make_unique<detail::OutputPort<T>>(std::move(name));
    port->packet_format = std::move(format);
    return Output<T>(static_cast<detail::OutputPort<T>&>(context.add_output(std::move(port))));
}

/// What a stage is told when it is opened: on an I/O thread, before anything runs, after the stages before it.
class OpenContext {
public:
    virtual ~OpenContext() = default;
    [[nodiscard]] virtual Ports& ports() noexcept = 0;
    [[nodiscard]] virtual const std::string& name() const noexcept = 0;
    /// The type of the port connected to that input, and what is known of its packets (null if nothing).
    [[nodiscard]] virtual const detail::OutputBase* upstream(std::string_view input) const noexcept = 0;
    /// Names of outputs that something will be connected to ("" for "the best one").
    [[nodiscard]] virtual std::vector<std::string> wanted_outputs() const = 0;
    virtual void info(const std::string& text) = 0;
};

/// A kind of stage with its options: makes coroutines. Derive from it where ports depend on the input; otherwise a plain
/// coroutine function is enough. The pipeline owns it.
class StageDefinition {
public:
    StageDefinition() = default;
    StageDefinition(const StageDefinition&) = delete;
    StageDefinition& operator=(const StageDefinition&) = delete;
    virtual ~StageDefinition() = default;

    /// "scale", for statistics and messages.
    [[nodiscard]] virtual std::string type() const = 0;
    [[nodiscard]] virtual StageTraits traits() const { return {}; }
    /// Makes the ports that are always there. Called once.
    virtual void declare(Ports& ports) { static_cast<void>(ports); }
    /// The input that a connection is for. `name` is empty where none was given: then the first that is not connected.
    /// A stage that takes any number, or any type, makes one here. Throws GraphError.
    [[nodiscard]] virtual detail::InputBase& input_for(Ports& ports, std::string_view name, const detail::OutputBase& from);
    /// The output that a connection is for. `name` is empty where none was given. Throws GraphError.
    [[nodiscard]] virtual detail::OutputBase& output_for(Ports& ports, std::string_view name);
    /// Opens files, decides on ports. May block, may throw anything: the stage's name is added. Called for every stage by
    /// `prepare`, in the order of the graph.
    virtual void open(OpenContext& context) { static_cast<void>(context); }
    /// Why this stage cannot go on at another time, such as "it writes a file, which cannot take anything back". Empty if it
    /// can. Asked after `open`, on the thread that seeks, while the stage runs. By default a stage with inputs can, and one
    /// without cannot.
    [[nodiscard]] virtual std::string refuses_seek(const Ports& ports) const;
    /// From now on coroutines begin there. Called while there is none, on the thread that seeks; may block. What it throws is
    /// the stage's error. `stop` is set when the pipeline is cancelled meanwhile.
    virtual void seek(const Position& to, const std::stop_token& stop) {
        static_cast<void>(to);
        static_cast<void>(stop);
    }
    /// Changes an option: what reaches the stage from then on is treated accordingly (LiveOptions). Called on any thread, while
    /// the coroutine runs. Throws GraphError (OptionError) if there is no such option, it cannot be changed, or the value is
    /// not allowed; nothing has changed then. By default there is none.
    virtual void change_option(std::string_view name, std::string_view value);
    /// Why the stage cannot be opened and run again after its pipeline's end. Empty if it can.
    [[nodiscard]] virtual std::string refuses_again() const { return {}; }
    /// Makes the coroutine, suspended at its start. Called at the start, at every restart and after every seek, on a worker
    /// (an I/O thread if the stage is `blocking`).
    [[nodiscard]] virtual Process run(StageContext& context, Ports& ports) = 0;
};

} // namespace weir
