#pragma once
// From sound as it comes to an open audio encoder.
#include <weir/framework/live_options.hpp>
#include <weir/framework/stage_context.hpp>
#include <weir/stages/encode.hpp>
#include <weir/stages/resampler.hpp>

#include "encoder.hpp"
#include "sample_chunks.hpp"
#include "sample_times.hpp"
#include "scratch_memory.hpp"

#include <memory>
#include <optional>

namespace weir::detail {

/// What the codec can take that is nearest to `from`; what the options say of rate and channels is in `context`.
[[nodiscard]] AudioFormat nearest_format(const AVCodec& codec, const AVCodecContext& context, const AudioFormat& from);

/// Opens encoders, converts what they cannot take, cuts it into their frames. In the stage's body only, but for `work` and
/// `start`.
class AudioEncoding {
public:
    AudioEncoding(StageContext& context, const AVCodec& codec, const LiveOptions<EncodeOptions>& options);

    [[nodiscard]] bool threaded() const noexcept { return threads_ > 1; }
    [[nodiscard]] bool open() const noexcept { return encoder_ != nullptr; }
    [[nodiscard]] Encoder& encoder() noexcept { return *encoder_; }
    [[nodiscard]] bool is_change(const PooledSamples& piece) const noexcept { return piece.format() != first_; }
    void start(const PooledSamples& first);
    void add(PooledSamples piece);
    /// Hands the last, short frame over.
    void finish();
    [[nodiscard]] EncodeOptions::OnChange on_change() const noexcept { return options_->on_change; }

private:
    void say_converted(const AudioFormat& from);
    void drain_resampler();
    void chunk(PooledSamples piece);
    void give(bool rest);

    StageContext& context_;
    const AVCodec& codec_;
    LiveOptions<EncodeOptions>::Reader options_;
    unsigned threads_;
    std::unique_ptr<ScratchMemory> memory_; ///< chunks_ refers to it
    std::unique_ptr<Encoder> encoder_;

    AudioFormat first_{};  ///< as it came
    AudioFormat target_{}; ///< as the codec gets it
    std::optional<Resampler> resampler_;
    std::optional<SampleTimes> times_;
    std::optional<SampleChunks> chunks_;
    std::atomic<std::uint64_t>& converted_;
    std::atomic<std::uint64_t>& retimed_;
};

} // namespace weir::detail
