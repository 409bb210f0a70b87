#include <weir/pools/errors.hpp>
#include <weir/pools/layout.hpp>
#include <weir/pools/shared_pool.hpp>
#include <weir/stages/scaler.hpp>
#include <weir/stages/testsrc.hpp>

#include "test_picture.hpp"

#include <charconv>
#include <cmath>
#include <optional>

namespace weir {
namespace {

constexpr Rational microseconds{1, 1'000'000};

/// What the pictures are from a time on.
struct Change {
    std::int64_t time = 0; ///< microseconds
    VideoFormat format;
};

bool parse_sides(std::string_view text, std::uint32_t& width, std::uint32_t& height) {
    const auto read = [](std::string_view digits, std::uint32_t& value) {
        const char* const begin = digits.data();
        const char* const end = begin + digits.size();
        const auto [stopped, error] = std::from_chars(begin, end, value);
        return error == std::errc() && stopped == end;
    };
    const auto mark = text.find('x');
    return mark != std::string_view::npos && read(text.substr(0, mark), width) && read(text.substr(mark + 1), height);
}

/// "4:640x360", "2.5:640x360:yuv444p".
Change parse_change(std::string_view text, PixelFormat usual) {
    const auto refuse = [&]() -> OptionError {
        return {"changes: '" + std::string(text) + "' is not TIME:WIDTHxHEIGHT or TIME:WIDTHxHEIGHT:FORMAT", "changes"};
    };
    const auto first = text.find(':');
    if (first == std::string_view::npos)
        throw refuse();
    const auto second = text.find(':', first + 1);
    double time = 0;
    parse_value(time, "changes", text.substr(0, first), {.help = "", .min = 0, .max = 1e9});
    Change change;
    change.time = std::llround(time * 1e6);
    change.format.pixel_format = usual;
    if (!parse_sides(text.substr(first + 1, second == std::string_view::npos ? second : second - first - 1),
                     change.format.width, change.format.height))
        throw refuse();
    if (second != std::string_view::npos)
        parse_value(change.format.pixel_format, "changes", text.substr(second + 1), {});
    return change;
}

/// Throws OptionError for what cannot be.
std::vector<Change> all_changes(const TestsrcOptions& options) {
    std::vector<Change> changes{{0, {options.width, options.height, options.format}}};
    for (const std::string& text : options.changes) {
        changes.push_back(parse_change(text, options.format));
        if (changes.back().time < changes[changes.size() - 2].time)
            throw OptionError("changes: '" + text + "' is earlier than the one before it", "changes");
    }
    for (const Change& change : changes) {
        try {
            static_cast<void>(frame_layout(change.format));
        } catch (const FormatError& error) {
            throw OptionError(std::string("testsrc: ") + error.what(), "size");
        }
    }
    return changes;
}

/// Draws in place what can be so drawn, all else by way of a picture of its own.
class Painter {
public:
    explicit Painter(const VideoFormat& format) : picture_(drawn(format)) {
        if (!TestPicture::draws(format.pixel_format))
            canvas_ = SharedFramePool(drawn(format), {.max_capacity = 1}).acquire();
    }
    void paint(PooledFrame& into, std::uint64_t index, std::uint32_t number) {
        picture_.draw(canvas_ ? canvas_ : into, index, number);
        if (canvas_)
            scaler_.convert(canvas_, into);
    }

private:
    using TestPicture = detail::TestPicture;
    static VideoFormat drawn(VideoFormat format) {
        if (!TestPicture::draws(format.pixel_format))
            format.pixel_format = PixelFormat::yuv444p;
        return format;
    }
    TestPicture picture_;
    PooledFrame canvas_;
    Scaler scaler_;
};

std::int64_t frame_count(const TestsrcOptions& options) {
    if (options.frames > 0)
        return options.frames;
    if (options.duration <= 0)
        return std::numeric_limits<std::int64_t>::max();
    // those that begin before the end, to a millionth of a frame
    const double exact = options.duration * options.rate.num / options.rate.den;
    return static_cast<std::int64_t>(std::ceil(exact - 1e-6));
}

Process run_testsrc(Output<PooledFrame> out, TestsrcOptions options, std::vector<Change> changes, std::int64_t first) {
    const Rational tick{options.rate.den, options.rate.num};
    const std::int64_t count = frame_count(options);
    std::optional<Painter> painter;
    std::size_t next_change = 0;
    VideoFormat format;
    for (std::int64_t index = first; index < count; ++index) {
        while (next_change < changes.size() && compare(changes[next_change].time, microseconds, index, tick) <= 0) {
            format = changes[next_change++].format;
            painter.reset();
        }
        if (!painter)
            painter.emplace(format);
        PooledFrame frame = co_await out.acquire(format);
        const auto number = static_cast<std::uint32_t>(options.start + static_cast<std::uint64_t>(index));
        painter->paint(frame, static_cast<std::uint64_t>(index), number);
        frame.header().pts = index;
        frame.header().duration = 1;
        frame.header().time_base = tick;
        frame.header().frame_rate = options.rate;
        const bool wanted = co_await out.put(std::move(frame));
        if (!wanted)
            co_return;
    }
}

class TestsrcStage final : public StageDefinition {
public:
    explicit TestsrcStage(const TestsrcOptions& options) : options_(options), changes_(all_changes(options)) {}

    [[nodiscard]] std::string type() const override { return "testsrc"; }
    void declare(Ports& ports) override { static_cast<void>(ports.output<PooledFrame>("out")); }
    void open(OpenContext&) override { first_ = 0; }
    [[nodiscard]] Process run(StageContext&, Ports& ports) override {
        return run_testsrc(ports.get_output<PooledFrame>("out"), options_, changes_, first_);
    }
    [[nodiscard]] std::string refuses_seek(const Ports&) const override { return {}; }
    /// The picture that is shown then.
    void seek(const Position& to, const std::stop_token&) override {
        first_ = rescale_down(to.time.count(), nanosecond, {options_.rate.den, options_.rate.num});
    }

private:
    TestsrcOptions options_;
    std::vector<Change> changes_;
    std::int64_t first_ = 0;
};

} // namespace

const OptionTable<TestsrcOptions>& TestsrcOptions::table() {
    static const auto table = [] {
        OptionTable<TestsrcOptions> t;
        t.add_word("size",
                   [](TestsrcOptions& into, std::string_view word) { return parse_sides(word, into.width, into.height); },
                   {.help = "WIDTHxHEIGHT", .unit = "px"})
            .add("width", &TestsrcOptions::width, {.help = "width", .unit = "px", .min = 1, .max = 32768})
            .add("height", &TestsrcOptions::height, {.help = "height", .unit = "px", .min = 1, .max = 32768})
            .add("rate", &TestsrcOptions::rate, {.help = "frames a second, such as 25 or 30000/1001", .min = 1e-3, .max = 1e6})
            .add("frames", &TestsrcOptions::frames, {.help = "how many frames; 0: as duration says", .min = 0})
            .add("duration", &TestsrcOptions::duration, {.help = "length; 0: without end", .unit = "s", .min = 0, .max = 1e9})
            .add("format", &TestsrcOptions::format, {.help = "pixel format"})
            .add("changes", &TestsrcOptions::changes,
                 {.help = "TIME:WIDTHxHEIGHT[:FORMAT],...: what the pictures are from those seconds on"})
            .add("start", &TestsrcOptions::start, {.help = "the first frame's number"});
        return t;
    }();
    return table;
}

std::unique_ptr<StageDefinition> testsrc(const TestsrcOptions& options) {
    TestsrcOptions::table().check(options);
    return std::make_unique<TestsrcStage>(options);
}

} // namespace weir
