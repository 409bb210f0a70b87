#pragma once
// What the framework's tests share: a quiet engine whose log can be read, and the count of frames that are out.
#include <weir/framework/weir.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace support {

/// Keeps what an engine logs.
class Log {
public:
    void add(weir::LogLevel level, const std::string& text) {
        const std::lock_guard lock(mutex_);
        lines_.emplace_back(level, text);
        if (on_line_)
            on_line_(text);
    }
    /// The first line with `words` in it; empty if there is none.
    [[nodiscard]] std::string find(const std::string& words) const {
        const std::lock_guard lock(mutex_);
        for (const auto& [level, text] : lines_)
            if (text.find(words) != std::string::npos)
                return text;
        return {};
    }
    void on_line(std::function<void(const std::string&)> f) {
        const std::lock_guard lock(mutex_);
        on_line_ = std::move(f);
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::pair<weir::LogLevel, std::string>> lines_;
    std::function<void(const std::string&)> on_line_;
};

struct TestEngine {
    explicit TestEngine(unsigned threads = 2, std::chrono::nanoseconds watchdog = std::chrono::seconds(10),
                        std::shared_ptr<weir::Clock> clock = nullptr)
        : log(std::make_shared<Log>()), engine(config(threads, watchdog, log, std::move(clock))) {}

    static weir::EngineConfig config(unsigned threads, std::chrono::nanoseconds watchdog, const std::shared_ptr<Log>& log,
                                     std::shared_ptr<weir::Clock> clock = nullptr) {
        weir::EngineConfig config;
        config.clock = std::move(clock);
        config.threads = threads;
        config.watchdog = watchdog;
        config.log = [log](weir::LogLevel level, const std::string& text) { log->add(level, text); };
        return config;
    }
    [[nodiscard]] std::size_t frames_out() {
        std::size_t out = 0;
        for (const weir::PoolReport& pool : engine.registry().stats())
            out += pool.stats.in_use + pool.stats.adopted_in_use;
        return out;
    }

    std::shared_ptr<Log> log;
    weir::Engine engine;
};

/// Waits until these words are in what that stage is said to do.
inline void until_state(const weir::Pipeline& pipeline, const std::string& stage, const std::string& state) {
    for (;;) {
        for (const weir::StageSnapshot& s : pipeline.snapshot().stages)
            if (s.name == stage && s.state.find(state) != std::string::npos)
                return;
        std::this_thread::yield();
    }
}

inline constexpr weir::VideoFormat small{32, 16, weir::PixelFormat::gray8};

/// `count` small frames whose pts are 0, 1, 2 ...
inline weir::Process frames(weir::Output<weir::PooledFrame> out, int count) {
    for (int i = 0; i < count; ++i) {
        weir::PooledFrame frame = co_await out.acquire(small);
        frame.header().pts = i;
        frame.header().time_base = {1, 25};
        if (!co_await out.put(std::move(frame)))
            co_return;
    }
}

/// The same without an end.
inline weir::Process endless(weir::Output<weir::PooledFrame> out) {
    for (std::int64_t i = 0;; ++i) {
        weir::PooledFrame frame = co_await out.acquire(small);
        frame.header().pts = i;
        if (!co_await out.put(std::move(frame)))
            co_return;
    }
}

/// 0, 1, 2 ... below `count`.
inline weir::Process numbers(weir::Output<int> out, int count) {
    for (int i = 0; i < count; ++i)
        if (!co_await out.put(i))
            co_return;
}

} // namespace support
