#include <weir/framework/live_options.hpp>
#include <weir/framework/media_clock.hpp>
#include <weir/framework/sleep.hpp>
#include <weir/stages/pace.hpp>
#include <weir/stages/timeline.hpp>

#include "media_input.hpp"

#include <chrono>
#include <type_traits>

namespace weir {
namespace {

std::chrono::nanoseconds in_nanoseconds(std::int64_t time, Rational base) {
    return std::chrono::nanoseconds(rescale(time, base, nanosecond));
}

/// On the time line; empty if it has none.
template <class T> std::optional<std::chrono::nanoseconds> time_of(const T& item) {
    const Rational base = item.header().time_base;
    const std::int64_t time = timeline_pts(item.header());
    return time == no_time || !base.valid() ? std::nullopt : std::optional(in_nanoseconds(time, base));
}
std::optional<std::chrono::nanoseconds> time_of(const Packet& packet) {
    if (!packet.format || !packet.format->time_base.valid())
        return std::nullopt;
    const Rational base = packet.format->time_base;
    const std::int64_t time =
        packet.dts != no_time ? shifted(packet.dts, base, shift_of(*packet.format)) : timeline_pts(packet);
    return time == no_time ? std::nullopt : std::optional(in_nanoseconds(time, base));
}

/// How late items are.
class Lateness {
public:
    Lateness(StageContext& context, const PaceOptions& options)
        : options_(options), late_(context.counter("late")), latest_(context.counter("latest us")) {}

    /// True if it is later than may be.
    [[nodiscard]] bool note(std::chrono::nanoseconds late) {
        const auto micros = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(late).count());
        if (late.count() > 0 && micros > latest_.load(std::memory_order_relaxed)) // this stage alone writes it
            latest_.store(micros, std::memory_order_relaxed);
        if (late <= std::chrono::duration<double>(options_.max_late))
            return false;
        late_.fetch_add(1, std::memory_order_relaxed);
        return true;
    }

private:
    const PaceOptions& options_;
    std::atomic<std::uint64_t>& late_;
    std::atomic<std::uint64_t>& latest_;
};

template <Item T> Process run_pace(Input<T> in, Output<T> out, const LiveOptions<PaceOptions>* live) {
    StageContext& context = this_stage();
    MediaClock& media = context.media_clock();
    LiveOptions<PaceOptions>::Reader options(*live);
    Lateness lateness(context, *options);
    while (auto item = co_await in.next()) {
        if (options.refresh())
            media.restart(); // at another speed this item is due now, too
        if (const auto time = time_of(*item)) {
            Clock::Time due = media.due(*time, options->speed, context.clock().now());
            while (context.clock().now() < due) {
                co_await sleep_until(due);
                due = media.due(*time, options->speed, context.clock().now()); // a pause makes it later
            }
            if (lateness.note(context.clock().now() - due)) {
                if (options->late == PaceOptions::Late::restart)
                    media.delay(context.clock().now() - due);
                else if (options->late == PaceOptions::Late::drop && !std::is_same_v<T, Packet>)
                    continue;
            }
        }
        if (!co_await out.put(std::move(*item)))
            co_return;
    }
}

class PaceStage final : public StageDefinition {
public:
    explicit PaceStage(const PaceOptions& options) : options_(options) {}

    [[nodiscard]] std::string type() const override { return "pace"; }
    [[nodiscard]] detail::InputBase& input_for(Ports& ports, std::string_view name, const detail::OutputBase& from) override {
        return detail::make_media_input<PooledFrame, PooledSamples, Packet>(ports, name, from, "pace");
    }
    void open(OpenContext& context) override {
        detail::visit_media_input<PooledFrame, PooledSamples, Packet>(
            context.ports(), [&context]<Item T>(const Input<T>&) { static_cast<void>(context.ports().output<T>("out")); });
        // Packets and what is known of frames for encoders: as they come in.
        context.ports().outputs().front()->packet_format = context.upstream("in")->packet_format;
    }
    [[nodiscard]] Process run(StageContext&, Ports& ports) override {
        return detail::visit_media_input<PooledFrame, PooledSamples, Packet>(
            ports, [&]<Item T>(const Input<T>& in) { return run_pace<T>(in, ports.get_output<T>("out"), &options_); });
    }

    void change_option(std::string_view name, std::string_view value) override { options_.change(name, value); }

private:
    LiveOptions<PaceOptions> options_;
};

} // namespace

const OptionTable<PaceOptions>& PaceOptions::table() {
    static const auto table = [] {
        OptionTable<PaceOptions> t;
        t.add("speed", &PaceOptions::speed, {.help = "media seconds a second", .min = 1e-3, .max = 1e3, .live = true})
            .add("max_late", &PaceOptions::max_late,
                 {.help = "how late an item may be", .unit = "s", .min = 0, .max = 1e6, .live = true})
            .add("late", &PaceOptions::late,
                 {.help = "what becomes of later ones: pass, drop (frames and samples), or restart the clock",
                  .choices = {"pass", "drop", "restart"},
                  .live = true});
        return t;
    }();
    return table;
}

std::unique_ptr<StageDefinition> pace(const PaceOptions& options) {
    PaceOptions::table().check(options);
    return std::make_unique<PaceStage>(options);
}

} // namespace weir
