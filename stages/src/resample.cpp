#include <weir/stages/resample.hpp>
#include <weir/stages/timeline.hpp>

namespace weir {
namespace {

/// A gap says that no sound comes before its time. True if that is a hole in the sound, and not only the sound running late.
bool is_hole(const Resampler& resampler, const Gap& gap) {
    const std::int64_t end = resampler.input_end();
    if (resampler.inside() == 0 || end == no_time || gap.time == no_time || !gap.time_base.valid())
        return true;
    const auto rate = static_cast<std::int32_t>(resampler.input_rate());
    return compare(gap.time, gap.time_base, end + rate / 25, {1, rate}) > 0;
}

Process run_resample(Input<PooledSamples> in, Output<PooledSamples> out, ResampleOptions options) {
    Resampler resampler(options);
    for (;;) {
        const Head<PooledSamples> head = co_await in.head();
        const bool end = !head.item && !head.gap;
        const bool hole = head.gap && is_hole(resampler, *head.gap);
        if (end || hole || (head.item && resampler.ends_before(*head.item))) {
            if (resampler.inside() > 0) {
                PooledSamples rest = co_await out.acquire(resampler.format_inside(), resampler.inside());
                resampler.drain(rest);
                const bool wanted = co_await out.put(std::move(rest));
                if (!wanted)
                    co_return;
            }
            resampler.restart();
        }
        if (end)
            co_return;
        if (head.gap) {
            if (hole) // otherwise what is inside is earlier than the gap
                out.put_gap(*head.gap);
            in.skip_gap();
            continue;
        }
        std::optional<PooledSamples> piece = co_await in.next();
        if (!piece)
            co_return;
        PooledSamples result;
        if (resampler.output_format(piece->format()) == piece->format()) {
            resampler.restart();
            result = std::move(*piece);
        } else {
            if (piece->header().count == 0)
                continue;
            const AudioFormat format = resampler.output_format(piece->format());
            const std::uint32_t room = resampler.prepare(*piece);
            result = co_await out.acquire(format, room);
            if (!resampler.convert(*piece, result))
                continue;
        }
        piece.reset();
        const bool wanted = co_await out.put(std::move(result));
        if (!wanted)
            co_return;
    }
}

class ResampleStage final : public StageDefinition {
public:
    explicit ResampleStage(const ResampleOptions& options) : options_(options) {}

    [[nodiscard]] std::string type() const override { return "resample"; }
    [[nodiscard]] StageTraits traits() const override {
        StageTraits traits;
        traits.forwards_gaps = false;
        return traits;
    }
    void declare(Ports& ports) override {
        static_cast<void>(ports.input<PooledSamples>("in"));
        static_cast<void>(ports.output<PooledSamples>("out"));
    }
    [[nodiscard]] Process run(StageContext&, Ports& ports) override {
        return run_resample(ports.get_input<PooledSamples>("in"), ports.get_output<PooledSamples>("out"), options_);
    }

private:
    ResampleOptions options_;
};

} // namespace

std::unique_ptr<StageDefinition> resample(const ResampleOptions& options) {
    ResampleOptions::table().check(options);
    return std::make_unique<ResampleStage>(options);
}

} // namespace weir
