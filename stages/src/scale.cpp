#include <weir/framework/live_options.hpp>
#include <weir/framework/offload.hpp>
#include <weir/stages/scale.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace weir {
namespace {

constexpr unsigned most_at_once = 4;

/// One picture on its way through. What it needs it owns: it may outlive the stage's coroutine.
struct Scaling {
    std::shared_ptr<Scaler> scaler;
    PooledFrame from;
    PooledFrame to;

    PooledFrame operator()() {
        scaler->convert(from, to);
        from.reset(); // goes home now, not when the stage gets to it
        return std::move(to);
    }
};

/// A place for one frame under way: a scaler of its own, because each belongs to one thread at a time.
struct Slot {
    explicit Slot(const ScaleOptions& options) { set(options); }
    void set(const ScaleOptions& options) {
        scaler = std::make_shared<Scaler>(options);
        changed = false;
    }

    std::shared_ptr<Scaler> scaler;
    Compute<Scaling> work;
    PooledFrame ready; ///< what passes through as it is
    bool computing = false;
    bool changed = false; ///< the options, since its scaler was made
};

/// Frames under way, oldest first.
class Ring {
public:
    Ring(unsigned size, const ScaleOptions& options) {
        slots_.reserve(size);
        for (unsigned i = 0; i < size; ++i)
            slots_.emplace_back(options);
    }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] bool full() const noexcept { return count_ == slots_.size(); }
    [[nodiscard]] Slot& oldest() noexcept { return slots_[first_]; }
    [[nodiscard]] Slot& next() noexcept { return slots_[(first_ + count_) % slots_.size()]; }
    void options_changed() noexcept {
        for (Slot& slot : slots_)
            slot.changed = true;
    }
    void added() noexcept { ++count_; }
    void removed() noexcept {
        first_ = (first_ + 1) % slots_.size();
        --count_;
    }

private:
    std::vector<Slot> slots_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

Process run_scale(Input<PooledFrame> in, Output<PooledFrame> out, const LiveOptions<ScaleOptions>* live, unsigned at_once) {
    LiveOptions<ScaleOptions>::Reader options(*live);
    Ring ring(at_once, *options);
    const Quota& quota = *out.port().quota();
    for (bool more = true; more || !ring.empty();) {
        // Another frame may be begun if nothing has to be waited for: what the ring holds must not wait for what comes after
        // it.
        while (more && (ring.empty() || (!ring.full() && in.ready() && quota.has_room()))) {
            std::optional<PooledFrame> frame = co_await in.next();
            if (!frame) {
                more = false;
                break;
            }
            if (options.refresh())
                ring.options_changed();
            Slot& slot = ring.next();
            if (slot.changed)
                slot.set(*options);
            const VideoFormat from = frame->format();
            slot.scaler->prepare(from);
            const VideoFormat to = slot.scaler->output_format();
            if (slot.scaler->keeps_pixels(*frame, to)) {
                frame->header().colour = slot.scaler->output_colour(from.pixel_format, frame->header().colour, to.pixel_format);
                slot.ready = std::move(*frame);
            } else {
                PooledFrame scaled = co_await out.acquire(to);
                slot.work.start({slot.scaler, std::move(*frame), std::move(scaled)});
                slot.computing = true;
            }
            ring.added();
        }
        if (ring.empty())
            continue;
        Slot& slot = ring.oldest();
        PooledFrame result;
        if (slot.computing)
            result = co_await slot.work.result();
        else
            result = std::move(slot.ready);
        slot.computing = false;
        ring.removed();
        const bool wanted = co_await out.put(std::move(result));
        if (!wanted)
            co_return;
    }
}

/// One at a time, on the stage's own thread: a frame that goes to another worker and back costs two wake-ups.
Process run_scale_alone(Input<PooledFrame> in, Output<PooledFrame> out, const LiveOptions<ScaleOptions>* live) {
    LiveOptions<ScaleOptions>::Reader options(*live);
    std::optional<Scaler> made;
    for (;;) {
        std::optional<PooledFrame> frame = co_await in.next();
        if (!frame)
            co_return;
        if (options.refresh() || !made)
            made.emplace(*options);
        Scaler& scaler = *made;
        const VideoFormat from = frame->format();
        scaler.prepare(from);
        const VideoFormat to = scaler.output_format();
        PooledFrame result;
        if (scaler.keeps_pixels(*frame, to)) {
            frame->header().colour = scaler.output_colour(from.pixel_format, frame->header().colour, to.pixel_format);
            result = std::move(*frame);
        } else {
            result = co_await out.acquire(to);
            scaler.convert(*frame, result);
        }
        frame.reset();
        const bool wanted = co_await out.put(std::move(result));
        if (!wanted)
            co_return;
    }
}

class ScaleStage final : public StageDefinition {
public:
    explicit ScaleStage(const ScaleOptions& options) : options_(options) {}

    [[nodiscard]] std::string type() const override { return "scale"; }
    void declare(Ports& ports) override {
        static_cast<void>(ports.input<PooledFrame>("in"));
        static_cast<void>(ports.output<PooledFrame>("out"));
    }
    [[nodiscard]] Process run(StageContext& context, Ports& ports) override {
        const auto parallel = options_.get().parallel;
        const unsigned count = parallel.automatic() ? std::min(context.spare_workers(), most_at_once) : parallel.value;
        const auto in = ports.get_input<PooledFrame>("in");
        const auto out = ports.get_output<PooledFrame>("out");
        return count > 1 ? run_scale(in, out, &options_, count) : run_scale_alone(in, out, &options_);
    }
    void change_option(std::string_view name, std::string_view value) override { options_.change(name, value); }

private:
    LiveOptions<ScaleOptions> options_;
};

} // namespace

std::unique_ptr<StageDefinition> scale(const ScaleOptions& options) {
    ScaleOptions::table().check(options);
    return std::make_unique<ScaleStage>(options);
}

} // namespace weir
