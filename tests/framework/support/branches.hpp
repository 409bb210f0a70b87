#pragma once
// A pipeline that is driven by hand, for branches to be attached to.
#include "engines.hpp"

#include <catch2/catch.hpp>

#include <condition_variable>
#include <mutex>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace support {

inline weir::Process pass(weir::Input<weir::PooledFrame> in, weir::Output<weir::PooledFrame> out) {
    while (auto frame = co_await in.next())
        if (!co_await out.put(std::move(*frame)))
            co_return;
}

inline weir::Process discard(weir::Input<weir::PooledFrame> in) {
    while (auto frame = co_await in.next()) {
    }
}

[[nodiscard]] inline std::vector<std::int64_t> range(std::size_t from, std::size_t to) {
    std::vector<std::int64_t> result(to - from);
    std::iota(result.begin(), result.end(), static_cast<std::int64_t>(from));
    return result;
}

/// Counts up; the test waits until it is far enough.
class Progress {
public:
    void add() {
        const std::lock_guard lock(mutex_);
        ++count_;
        changed_.notify_all();
    }
    void wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return count_ >= count; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t count_ = 0;
};

/// A sink that keeps the times of its frames. Outlives its stage.
class Recorder {
public:
    [[nodiscard]] auto stage() {
        return weir::sink([this](const weir::PooledFrame& frame) {
            {
                const std::lock_guard lock(mutex_);
                got_.push_back(frame.header().pts);
            }
            progress.add();
        });
    }
    [[nodiscard]] std::vector<std::int64_t> got() const {
        const std::lock_guard lock(mutex_);
        return got_;
    }
    Progress progress;

private:
    mutable std::mutex mutex_;
    std::vector<std::int64_t> got_;
};

/// A stage that makes a frame for each number that the test pushes, and a recorder behind it.
class Camera {
public:
    explicit Camera(weir::Engine& engine, const weir::StageOptions& options = {})
        : pipeline(engine, "live"), stage(pipeline.add("camera", frames_for)), numbers_("numbers", 64) {
        pipeline.set(stage, options);
        pipeline.connect(pipeline.add("numbers", numbers_.stage()), stage);
        pipeline.connect(stage, pipeline.add("keep", recorder.stage()));
    }
    void start() {
        if (!std::exchange(started_, true))
            pipeline.start();
    }
    /// So many more frames; returns when they have arrived.
    void push(std::size_t count) {
        put(count);
        recorder.progress.wait_for(static_cast<std::size_t>(next_));
    }
    /// The same without waiting for them; at most 64.
    void put(std::size_t count) {
        start();
        for (; count > 0; --count)
            REQUIRE(numbers_.push(next_++) == weir::Pushed::yes);
    }
    void end() {
        start();
        numbers_.end();
        pipeline.wait();
    }

    weir::Pipeline pipeline;
    Recorder recorder;
    weir::StageRef<int, weir::PooledFrame> stage;

private:
    static weir::Process frames_for(weir::Input<int> in, weir::Output<weir::PooledFrame> out) {
        while (auto number = co_await in.next()) {
            weir::PooledFrame frame = co_await out.acquire(small);
            frame.header().pts = *number;
            if (!co_await out.put(std::move(frame)))
                co_return;
        }
    }
    weir::ItemSource<int> numbers_;
    int next_ = 0;
    bool started_ = false;
};

} // namespace support
