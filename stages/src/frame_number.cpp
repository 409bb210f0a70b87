#include <weir/pools/shared_pool.hpp>
#include <weir/stages/frame_number.hpp>
#include <weir/stages/scaler.hpp>

#include "line_output.hpp"
#include "test_picture.hpp"

#include <algorithm>
#include <cstring>

namespace weir {
namespace {

/// Where a picture's brightness is, one sample a pixel.
struct Brightness {
    ConstPlane plane;
    std::uint32_t width = 0;
    std::uint32_t rows = 0; ///< that belong to the blocks
    unsigned bytes = 1;     ///< of a sample
    unsigned shift = 0;     ///< down to 8 bits
};

/// Formats whose first plane is brightness alone; others give no bytes.
Brightness brightness_of(const PooledFrame& frame) {
    const VideoFormat format = frame.format();
    const PixelFormatInfo& info = describe(format.pixel_format);
    Brightness result;
    result.width = format.width;
    result.rows = std::max(format.height / 16, 1u); // what is sure to belong to the blocks, if the picture was scaled
    const bool grey = info.planes == 1 && info.log2_chroma_w == 0 && !info.alpha;
    const bool semiplanar = info.planes == 2 && info.plane[1].chroma;
    if (info.rgb || info.palette || info.depth < 8 || (!grey && !semiplanar && info.planes < 3)) {
        result.bytes = 0;
        return result;
    }
    result.plane = frame.plane(0);
    result.bytes = info.depth > 8 ? 2 : 1;
    result.shift = semiplanar && info.depth > 8 ? 8 : info.depth - 8u; // p010 has its bits at the top
    return result;
}

/// The mean, of 8 bits, of the middle of a block, where neighbours do not bleed.
std::uint32_t mean_of(const Brightness& picture, std::uint32_t block) {
    const detail::TestPicture::Area area = detail::number_block(picture.width, picture.rows, block);
    const std::uint32_t left = area.x + area.width / 4;
    const std::uint32_t right = std::max(left + 1, area.x + area.width - area.width / 4);
    const std::uint32_t top = picture.rows / 4;
    const std::uint32_t bottom = std::max(top + 1, picture.rows - picture.rows / 4);
    std::uint64_t sum = 0;
    for (std::uint32_t y = top; y < bottom; ++y) {
        const std::byte* row = picture.plane.row(y);
        for (std::uint32_t x = left; x < right; ++x) {
            std::uint16_t value = 0;
            if (picture.bytes == 2)
                std::memcpy(&value, row + std::size_t{x} * 2, 2);
            else
                value = std::to_integer<std::uint16_t>(row[x]);
            sum += value;
        }
    }
    return static_cast<std::uint32_t>(sum / (std::uint64_t{bottom - top} * (right - left))) >> picture.shift;
}

std::optional<std::uint32_t> number_in(const Brightness& picture) {
    constexpr std::uint32_t black_to = 96; // black is 0 or 16, white 235 or 255; coding blurs them
    constexpr std::uint32_t white_from = 160;
    std::uint32_t number = 0;
    for (std::uint32_t i = 0; i < detail::number_blocks; ++i) {
        const std::uint32_t mean = mean_of(picture, i);
        if (mean > black_to && mean < white_from)
            return std::nullopt;
        number = number << 1 | (mean >= white_from ? 1u : 0u);
    }
    return number;
}

/// Keeps track of what came, for the check.
class Sequence {
public:
    void add(std::optional<std::uint32_t> number, const PooledFrame& frame) {
        ++frames_;
        if (number && !first_)
            first_ = number;
        const bool follows = number && (!last_ || *number == (*last_ + 1) % (1u << detail::number_blocks));
        if (!follows && wrong_.empty())
            wrong_ = to_string(frame) + " is the " + std::to_string(frames_) + ". and shows " +
                     (number ? std::to_string(*number) : "no number") + (last_ ? " after " + std::to_string(*last_) : "");
        if (number)
            last_ = number;
    }
    [[nodiscard]] const std::string& wrong() const noexcept { return wrong_; }
    [[nodiscard]] std::string text() const {
        std::string text = std::to_string(frames_) + (frames_ == 1 ? " frame" : " frames");
        if (first_ && last_)
            text += ", numbers " + std::to_string(*first_) + " to " + std::to_string(*last_);
        return text + (wrong_.empty() ? ", each once and in order" : "; " + wrong_);
    }

private:
    std::uint64_t frames_ = 0;
    std::optional<std::uint32_t> first_;
    std::optional<std::uint32_t> last_;
    std::string wrong_; ///< the first thing that was
};

Process run_numbers(Input<PooledFrame> in, NumbersOptions options, std::shared_ptr<detail::LineFile> file) {
    std::optional<detail::LineOutput> output;
    if (file)
        output.emplace(this_stage(), std::move(file));
    Sequence sequence;
    for (;;) {
        std::optional<PooledFrame> frame = co_await in.next();
        if (!frame)
            break;
        const std::optional<std::uint32_t> number = read_frame_number(*frame);
        sequence.add(number, *frame);
        const std::int64_t pts = frame->header().pts;
        frame.reset();
        if (!output)
            continue;
        output->text +=
            (pts == no_time ? "none" : std::to_string(pts)) + ',' + (number ? std::to_string(*number) : "none") + '\n';
        if (output->due())
            co_await output->write();
    }
    if (output)
        co_await output->write();
    if (options.check && !sequence.wrong().empty())
        throw std::runtime_error("the numbers are not what they should be: " + sequence.text());
    this_stage().info(sequence.text());
}

class NumbersStage final : public StageDefinition {
public:
    explicit NumbersStage(const NumbersOptions& options) : options_(options) {
        if (!options.target.empty())
            file_ = std::make_shared<detail::LineFile>(options.target, options.overwrite);
    }

    [[nodiscard]] std::string type() const override { return "numbers"; }
    [[nodiscard]] StageTraits traits() const override {
        StageTraits traits;
        traits.endpoint = file_ && file_->endpoint();
        return traits;
    }
    void declare(Ports& ports) override { static_cast<void>(ports.input<PooledFrame>("in")); }
    void open(OpenContext& context) override {
        if (file_)
            file_->claim(context.name());
    }
    [[nodiscard]] std::string refuses_seek(const Ports&) const override {
        return file_ ? "what it has written cannot be taken back" : "";
    }
    [[nodiscard]] Process run(StageContext&, Ports& ports) override {
        return run_numbers(ports.get_input<PooledFrame>("in"), options_, file_);
    }

private:
    NumbersOptions options_;
    std::shared_ptr<detail::LineFile> file_;
};

} // namespace

std::optional<std::uint32_t> read_frame_number(const PooledFrame& frame) {
    Brightness picture = brightness_of(frame);
    if (picture.width < detail::number_blocks)
        return std::nullopt;
    PooledFrame grey;
    if (picture.bytes == 0) {
        // only the rows that count; a row of blocks is never less than a row of chroma
        const Crop visible{0, 0, picture.width, picture.rows};
        grey = SharedFramePool({picture.width, picture.rows, PixelFormat::gray8}, {.max_capacity = 1}).acquire();
        Scaler().convert(frame.view(visible), grey);
        picture.plane = grey.plane(0);
        picture.bytes = 1;
    }
    return number_in(picture);
}

const OptionTable<NumbersOptions>& NumbersOptions::table() {
    static const auto table = [] {
        OptionTable<NumbersOptions> t;
        t.add("target", &NumbersOptions::target,
              {.help = "file for the list, or - for standard output; no list if not given", .positional = true})
            .add("check", &NumbersOptions::check,
                 {.help = "fail unless every number from the first to the last came once, in order"})
            .add("overwrite", &NumbersOptions::overwrite, {.help = "an existing file may be replaced"});
        return t;
    }();
    return table;
}

std::unique_ptr<StageDefinition> numbers(const NumbersOptions& options) {
    NumbersOptions::table().check(options);
    return std::make_unique<NumbersStage>(options);
}

} // namespace weir
