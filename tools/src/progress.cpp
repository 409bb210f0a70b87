#include "progress.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <set>
#include <string_view>
#include <vector>

namespace weir::tools {

namespace {

std::string number(double value, int decimals) {
    std::array<char, 64> text{};
    const int length = std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return {text.data(), static_cast<std::size_t>(std::clamp(length, 0, 63))};
}

// "1:02:03.4"
std::string clock_text(double seconds) {
    const auto tenths = static_cast<std::int64_t>(std::clamp(std::isfinite(seconds) ? seconds : 0.0, 0.0, 1e9) * 10);
    std::array<char, 64> text{};
    const int length =
        std::snprintf(text.data(), text.size(), "%lld:%02d:%02d.%d", static_cast<long long>(tenths / 36000),
                      static_cast<int>(tenths / 600 % 60), static_cast<int>(tenths / 10 % 60), static_cast<int>(tenths % 10));
    return {text.data(), static_cast<std::size_t>(std::clamp(length, 0, 63))};
}

std::string_view stage_of(std::string_view port) noexcept { return port.substr(0, port.rfind('.')); }

bool carries(const LinkSnapshot& link, std::string_view type) noexcept { return link.type == type; }

struct Done {
    std::uint64_t items = 0;
    const char* name = "items";
};

// Pictures, where there are any: those that came to the last stage that takes pictures. Else whatever ends somewhere.
Done items_done(const Snapshot& snapshot) {
    std::set<std::string_view> go_on[2];
    for (const LinkSnapshot& link : snapshot.links)
        for (const bool frames : {false, true})
            if (!frames || carries(link, "video frames"))
                go_on[frames].insert(stage_of(link.from));
    Done frames{0, nullptr};
    Done others;
    for (const LinkSnapshot& link : snapshot.links) {
        if (carries(link, "video frames") && !go_on[1].contains(stage_of(link.to)))
            frames = {std::max(frames.items, link.items), "frames"};
        if (!go_on[0].contains(stage_of(link.to)))
            others = {std::max(others.items, link.items), carries(link, "packets") ? "packets" : "items"};
    }
    return frames.name ? frames : others;
}

} // namespace

std::string progress_text(const Snapshot& snapshot, std::size_t width) {
    const Done done = items_done(snapshot);
    const double elapsed = std::max(static_cast<double>(snapshot.elapsed) / 1e9, 1e-3);
    std::size_t bytes = 0;
    for (const PoolReport& pool : snapshot.pools)
        bytes += pool.stats.bytes;

    const std::array<std::string, 5> fields{clock_text(snapshot.media_time), std::to_string(done.items) + ' ' + done.name,
                                            number(static_cast<double>(done.items) / elapsed, 1) + " fps",
                                            number(std::max(snapshot.media_time, 0.0) / elapsed, 2) + 'x',
                                            "pools " + number(static_cast<double>(bytes) / (1024.0 * 1024.0), 1) + " MiB"};
    std::string text;
    for (const std::string& field : fields) {
        const std::size_t gap = text.empty() ? 0 : 2;
        if (text.size() + gap + field.size() > width)
            break;
        text.append(gap, ' ').append(field);
    }
    return text;
}

Progress::Progress(Terminal& terminal, const Pipeline& pipeline)
    : terminal_(terminal), pipeline_(pipeline), thread_([this] { loop(); }) {}

Progress::~Progress() {
    {
        const detail::Lock lock(mutex_);
        stopping_ = true;
    }
    stop_.notify_all();
    thread_.join();
    static_cast<void>(show());
    terminal_.finish_progress();
}

bool Progress::show() const noexcept {
    try {
        terminal_.progress(progress_text(pipeline_.snapshot(), terminal_.width()));
        return true;
    } catch (...) {
        return false; // the run's own end says what is to be said
    }
}

void Progress::loop() {
    // In a file or a pipe each is a line of its own: less often.
    const auto interval = std::chrono::milliseconds(terminal_.is_terminal() ? 200 : 2000);
    const detail::Lock lock(mutex_);
    while (!stopping_) {
        const auto next = std::chrono::steady_clock::now() + interval;
        while (!stopping_ && stop_.wait_until(mutex_, next) == std::cv_status::no_timeout) {
        }
        if (stopping_ || !show())
            return;
    }
}

} // namespace weir::tools
