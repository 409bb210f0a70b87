#pragma once
// What a test gives to an input of a stage, and what it takes from an output.
#include <weir/framework/event.hpp>
#include <weir/framework/pipeline.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weir::testing {

/// The end of one port of the stage under test. It moves one step at a time, when the stage has come to rest and waits for it.
class TestPort {
public:
    TestPort(const TestPort&) = delete;
    TestPort& operator=(const TestPort&) = delete;
    virtual ~TestPort() = default;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    // The test's run's.
    virtual void connect(Pipeline& pipeline, const AnyStage& stage) = 0;
    [[nodiscard]] virtual bool can_step() const noexcept = 0; ///< only when nothing runs
    virtual void clear() noexcept {}                          ///< drops what was not given
    void step() noexcept { turn_.set(); }
    /// The stage has ended: no more steps, straight to the end.
    void run_free() noexcept {
        free_.store(true, std::memory_order_relaxed); // the event publishes it
        turn_.set();
    }

protected:
    explicit TestPort(std::string name) : name_(std::move(name)), turn_("the test's next step at " + name_) {}
    [[nodiscard]] bool free() const noexcept { return free_.load(std::memory_order_relaxed); }
    [[nodiscard]] EventWait turn() { return until(turn_); }
    void end_turn() noexcept {
        if (!free())
            turn_.reset();
    }

private:
    std::string name_;
    Event turn_;
    std::atomic<bool> free_{false};
};

/// A copy of an item for the test to keep, in memory that counts against no quota of the stage. Overload it beside a type of
/// your own that holds frames.
template <class T> [[nodiscard]] T kept(PoolRegistry&, T item) { return item; }
[[nodiscard]] PooledFrame kept(PoolRegistry& pools, PooledFrame frame);
[[nodiscard]] PooledSamples kept(PoolRegistry& pools, PooledSamples samples);

/// A script for an input: items, gaps, then the end of the stream. Written before the run, on the test's thread.
template <Item T> class TestInput final : public TestPort {
public:
    explicit TestInput(std::string name) : TestPort(std::move(name)) {}

    TestInput& put(T item) {
        script_.emplace_back(std::in_place_type<T>, std::move(item));
        return *this;
    }
    TestInput& gap(const Gap& gap) {
        script_.emplace_back(gap);
        return *this;
    }
    /// Instead of the end: what feeds it throws std::runtime_error(what), and the pipeline fails.
    TestInput& fail(std::string what) {
        script_.emplace_back(Failure{std::move(what)});
        return *this;
    }
    /// The stream does not end.
    TestInput& stay_open() {
        open_end_ = true;
        return *this;
    }
    /// Gives so many steps of the script at once (1), in a link as long.
    TestInput& at_once(std::size_t steps) {
        at_once_ = std::max<std::size_t>(steps, 1);
        return *this;
    }
    /// What a demuxer would say of the stream's packets when the stage is opened.
    TestInput& packet_format(std::shared_ptr<const PacketFormat> format) {
        format_ = std::move(format);
        return *this;
    }
    /// Steps of the script that were taken. After the run.
    [[nodiscard]] std::size_t given() const noexcept { return next_; }

    void connect(Pipeline& pipeline, const AnyStage& stage) override {
        const AnyStage feeder = pipeline.add("input " + name(), std::make_unique<Feeder>(*this));
        pipeline.connect(feeder, stage[name()], {.capacity = at_once_});
    }
    [[nodiscard]] bool can_step() const noexcept override { return next_ < script_.size() || !(open_end_ || over_); }
    void clear() noexcept override { script_.clear(); }

private:
    struct Failure {
        std::string what;
    };
    class Feeder final : public StageDefinition {
    public:
        explicit Feeder(TestInput& input) : input_(input) {}
        [[nodiscard]] std::string type() const override { return "test input"; }
        void declare(Ports& ports) override { static_cast<void>(ports.output<T>("out")); }
        void open(OpenContext& context) override {
            if (input_.format_)
                context.ports().find_output("out")->packet_format = input_.format_;
        }
        [[nodiscard]] Process run(StageContext&, Ports& ports) override { return input_.feed(ports.get_output<T>("out")); }

    private:
        TestInput& input_;
    };
    Process feed(Output<T> out) {
        for (;;) {
            co_await turn();
            end_turn();
            for (std::size_t i = 0; i < at_once_; ++i) {
                if (next_ == script_.size()) {
                    if (open_end_ && !free())
                        break;
                    over_ = true;
                    co_return;
                }
                auto& step = script_[next_++];
                if (auto* failure = std::get_if<Failure>(&step))
                    throw std::runtime_error(failure->what);
                if (const auto* gap = std::get_if<Gap>(&step))
                    out.put_gap(*gap);
                else if (!co_await out.put(std::move(std::get<T>(step))))
                    co_return; // the stage reads no more
            }
        }
    }

    std::vector<std::variant<T, Gap, Failure>> script_;
    std::shared_ptr<const PacketFormat> format_;
    std::size_t at_once_ = 1;
    std::size_t next_ = 0;
    bool open_end_ = false;
    bool over_ = false;
};

/// Takes what a stage puts out, as a rule one item and only when the stage waits for room. After the run it has what came.
template <Item T> class TestOutput final : public TestPort {
public:
    using Entry = std::variant<T, Gap>;
    TestOutput(std::string name, std::shared_ptr<PoolRegistry> pools) : TestPort(std::move(name)), pools_(std::move(pools)) {}

    /// Items that the link to the test holds (1).
    TestOutput& capacity(std::size_t items) {
        capacity_ = items;
        return *this;
    }
    /// Takes items as soon as they come, up to the one before item number `item`, counted from 0: before that one the stage has
    /// to wait for room, whatever the link holds. May be said several times.
    TestOutput& eager_until(std::size_t item) {
        eager_ = true;
        stops_.push_back(item);
        return *this;
    }
    /// Takes items as soon as they come.
    TestOutput& eager() {
        eager_ = true;
        return *this;
    }
    /// Takes no more than so many as long as the stage runs: then it waits for room for ever.
    TestOutput& credits(std::size_t items) {
        credits_ = items;
        return *this;
    }
    /// After so many items nobody reads the output any more.
    TestOutput& leave_after(std::size_t items) {
        leaves_ = items;
        return *this;
    }

    // After the run.
    [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; } ///< items and gaps in their order
    [[nodiscard]] std::vector<T> items() const
        requires std::is_copy_constructible_v<T>
    {
        std::vector<T> result;
        for (const Entry& entry : entries_)
            if (const T* item = std::get_if<T>(&entry))
                result.push_back(*item);
        return result;
    }
    [[nodiscard]] std::size_t count() const noexcept { return taken_; } ///< items
    [[nodiscard]] std::size_t gaps() const noexcept { return entries_.size() - taken_; }
    [[nodiscard]] bool ended() const noexcept { return ended_; } ///< the end of the stream came: this was all

    void connect(Pipeline& pipeline, const AnyStage& stage) override {
        const auto collector = pipeline.add("output " + name(), [this](Input<T> in) { return collect(in); });
        pipeline.connect(stage[name()], collector, {.capacity = capacity_});
    }
    [[nodiscard]] bool can_step() const noexcept override { return taken_ < credits_; }

private:
    [[nodiscard]] bool waits_for_turn() const {
        return !free() && (!eager_ || taken_ >= credits_ || std::find(stops_.begin(), stops_.end(), taken_) != stops_.end());
    }
    Process collect(Input<T> in) {
        while (taken_ < leaves_) {
            if (waits_for_turn()) {
                co_await turn();
                end_turn();
            }
            const Head<T> head = co_await in.head();
            if (head.item) {
                std::optional<T> item = co_await in.next();
                entries_.emplace_back(std::in_place_type<T>, kept(*pools_, std::move(*item)));
                ++taken_;
            } else if (head.gap) {
                entries_.emplace_back(*head.gap);
                in.skip_gap();
            } else {
                ended_ = true;
                co_return;
            }
        }
    }

    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
    std::shared_ptr<PoolRegistry> pools_;
    std::size_t capacity_ = 1;
    bool eager_ = false;
    std::vector<std::size_t> stops_;
    std::size_t credits_ = unlimited;
    std::size_t leaves_ = unlimited;
    std::vector<Entry> entries_;
    std::size_t taken_ = 0;
    bool ended_ = false;
};

} // namespace weir::testing
