#pragma once
// Awaiters of an output that have to do with its quota and its pools.
#include <weir/framework/clock.hpp>
#include <weir/framework/detail/port_base.hpp>
#include <weir/pools/pooled_frame.hpp>
#include <weir/pools/pooled_samples.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace weir::detail {

/// Waits for the port's quota and takes one.
class QuotaWait : public Wait {
public:
    bool ready() noexcept override { return taken_ || (taken_ = output().quota()->try_take()); }
    void publish() noexcept override {
        published_ = true;
        taken_ = output().quota()->take_or_notify(output().quota_waiter);
    }
    void unpublish() noexcept override {
        if (std::exchange(published_, false))
            output().quota()->cancel_wait(output().quota_waiter);
    }

protected:
    explicit QuotaWait(OutputBase& port) noexcept : Wait(port.stage(), WaitKind::quota, &port) {}
    ~QuotaWait() {
        QuotaWait::unpublish();
        if (taken_)
            output().quota()->give_back();
    }
    [[nodiscard]] OutputBase& output() const noexcept { return static_cast<OutputBase&>(*port_); }
    bool taken_ = false;
    bool published_ = false;
};

/// The same, then for the buffer itself: at the byte budget, until there is memory, for so long as the engine allows.
class BufferWait : public QuotaWait {
public:
    bool ready() noexcept override;
    void publish() noexcept final;
    void unpublish() noexcept final;

protected:
    explicit BufferWait(OutputBase& port) noexcept : QuotaWait(port) {}
    ~BufferWait() { BufferWait::unpublish(); }
    /// The pool to get one from; true if there is one. At the budget it throws, or, with a waiter, has put that in line there.
    virtual bool acquire(Waiter* at_budget) = 0;
    [[nodiscard]] virtual SharedPool pool() = 0;
    void throw_error() const {
        if (error_)
            std::rethrow_exception(error_);
    }

private:
    [[nodiscard]] bool try_acquire();

    std::exception_ptr error_;
    std::optional<SharedPool> waits_at_;
    std::optional<Clock::Time> deadline_; ///< once it had to wait for memory
    bool asked_ = false;
    bool done_ = false;
};

class FrameWait final : public BufferWait {
public:
    FrameWait(OutputBase& port, VideoFormat format, BufferRequirements requirements) noexcept
        : BufferWait(port), format_(format), requirements_(requirements) {}
    PooledFrame await_resume() {
        throw_error();
        return std::move(frame_);
    }

private:
    bool acquire(Waiter* at_budget) override {
        frame_ = output().frame(format_, requirements_, at_budget);
        return static_cast<bool>(frame_);
    }
    SharedPool pool() override { return output().frame_pool(format_, requirements_); }

    VideoFormat format_;
    BufferRequirements requirements_;
    PooledFrame frame_;
};

class SamplesWait final : public BufferWait {
public:
    SamplesWait(OutputBase& port, AudioFormat format, std::uint32_t count) noexcept
        : BufferWait(port), format_(format), count_(count) {}
    PooledSamples await_resume() {
        throw_error();
        return std::move(samples_);
    }

private:
    bool acquire(Waiter* at_budget) override {
        samples_ = output().samples(format_, count_, at_budget);
        return static_cast<bool>(samples_);
    }
    SharedPool pool() override { return output().sample_pool(format_, count_); }

    AudioFormat format_;
    std::uint32_t count_;
    PooledSamples samples_;
};

class WritableWait final : public BufferWait {
public:
    WritableWait(OutputBase& port, PooledFrame frame) noexcept : BufferWait(port), frame_(std::move(frame)) {}
    bool ready() noexcept override { return frame_.unique() || BufferWait::ready(); }
    PooledFrame await_resume();

private:
    bool acquire(Waiter* at_budget) override {
        copy_ = output().frame(frame_.format(), {}, at_budget);
        return static_cast<bool>(copy_);
    }
    SharedPool pool() override { return output().frame_pool(frame_.format(), {}); }

    PooledFrame frame_;
    PooledFrame copy_;
};

/// Waits until a put and an acquire would both succeed; takes nothing.
class RoomWait final : public Wait {
public:
    explicit RoomWait(OutputBase& port) noexcept : Wait(port.stage(), WaitKind::room, &port) {}
    ~RoomWait() { unpublish(); }
    bool ready() noexcept override { return !output().open() || (output().has_room() && output().quota()->has_room()); }
    void publish() noexcept override {
        published_ = true;
        output().wait_for_room(true);
        if (output().quota()->take_or_notify(output().quota_waiter))
            output().quota()->give_back();
    }
    void unpublish() noexcept override {
        if (!std::exchange(published_, false))
            return;
        output().wait_for_room(false);
        output().quota()->cancel_wait(output().quota_waiter);
    }
    bool await_resume() const noexcept { return output().open(); }

private:
    [[nodiscard]] OutputBase& output() const noexcept { return static_cast<OutputBase&>(*port_); }
    bool published_ = false;
};

} // namespace weir::detail
