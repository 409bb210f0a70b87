#include <weir/stages/av.hpp>
#include <weir/stages/framehash.hpp>

#include "line_output.hpp"
#include "media_input.hpp"

#include <array>
#include <new>

extern "C" {
#include <libavutil/md5.h>
#include <libavutil/mem.h>
#include <libavutil/pixdesc.h>
}

namespace weir {
namespace {

class Md5 {
public:
    Md5() : state_(av_md5_alloc()) {
        if (!state_)
            throw std::bad_alloc();
    }
    void begin() noexcept { av_md5_init(state_.get()); }
    void add(const std::byte* bytes, std::size_t count) noexcept {
        av_md5_update(state_.get(), reinterpret_cast<const std::uint8_t*>(bytes), count);
    }
    void append_to(std::string& text) noexcept(false) {
        std::array<std::uint8_t, 16> digest{};
        av_md5_final(state_.get(), digest.data());
        constexpr std::string_view digits = "0123456789abcdef";
        for (const std::uint8_t byte : digest) {
            text += digits[byte >> 4];
            text += digits[byte & 15];
        }
    }

private:
    struct Free {
        void operator()(AVMD5* state) const noexcept { av_free(state); }
    };
    std::unique_ptr<AVMD5, Free> state_;
};

std::string format_text(const PooledFrame& frame) {
    const VideoFormat format = frame.format();
    const char* name = av_get_pix_fmt_name(av::to_av(format.pixel_format)); // with the byte order
    return std::to_string(format.width) + 'x' + std::to_string(format.height) + ' ' + (name ? name : "none");
}
std::string format_text(const PooledSamples& samples) { return to_string(samples.format()); }

void add(Md5& hash, const PooledFrame& frame) {
    for (std::uint32_t i = 0; i < frame.planes(); ++i) {
        const ConstPlane plane = frame.plane(i);
        for (std::uint32_t y = 0; y < plane.rows; ++y)
            hash.add(plane.row(y), plane.row_bytes);
    }
}
void add(Md5& hash, const PooledSamples& samples) {
    for (std::uint32_t i = 0; i < samples.planes(); ++i)
        hash.add(samples.plane(i), samples.plane_bytes());
}

template <class T> void append_line(std::string& text, const T& item, Md5& hash) {
    const std::int64_t pts = item.header().pts;
    text += pts == no_time ? "none" : std::to_string(pts);
    text += ',';
    text += format_text(item);
    text += ',';
    hash.begin();
    add(hash, item);
    hash.append_to(text);
    text += '\n';
}

template <Item T> Process run_framehash(Input<T> in, std::shared_ptr<detail::LineFile> file) {
    detail::LineOutput output(this_stage(), std::move(file));
    Md5 hash;
    for (;;) {
        std::optional<T> item = co_await in.next();
        if (!item)
            break;
        append_line(output.text, *item, hash);
        item.reset();
        if (output.due())
            co_await output.write();
    }
    co_await output.write();
}

class FramehashStage final : public StageDefinition {
public:
    explicit FramehashStage(const FramehashOptions& options)
        : file_(std::make_shared<detail::LineFile>(options.target, options.overwrite)) {}

    [[nodiscard]] std::string type() const override { return "framehash"; }
    [[nodiscard]] StageTraits traits() const override {
        StageTraits traits;
        traits.endpoint = file_->endpoint();
        return traits;
    }
    [[nodiscard]] detail::InputBase& input_for(Ports& ports, std::string_view name, const detail::OutputBase& from) override {
        return detail::make_media_input<PooledFrame, PooledSamples>(ports, name, from, "framehash");
    }
    void open(OpenContext& context) override {
        detail::visit_media_input<PooledFrame, PooledSamples>(context.ports(), [](const auto&) {});
        file_->claim(context.name());
    }
    [[nodiscard]] std::string refuses_seek(const Ports&) const override { return "what it has written cannot be taken back"; }
    [[nodiscard]] Process run(StageContext&, Ports& ports) override {
        return detail::visit_media_input<PooledFrame, PooledSamples>(
            ports, [this](const auto& in) { return run_framehash(in, file_); });
    }

private:
    std::shared_ptr<detail::LineFile> file_;
};

} // namespace

const OptionTable<FramehashOptions>& FramehashOptions::table() {
    static const auto table = [] {
        OptionTable<FramehashOptions> t;
        t.add("target", &FramehashOptions::target,
              {.help = "file to write, or - for standard output", .positional = true, .required = true})
            .add("overwrite", &FramehashOptions::overwrite, {.help = "an existing file may be replaced"});
        return t;
    }();
    return table;
}

std::unique_ptr<StageDefinition> framehash(const FramehashOptions& options) {
    FramehashOptions::table().check(options);
    return std::make_unique<FramehashStage>(options);
}

} // namespace weir
