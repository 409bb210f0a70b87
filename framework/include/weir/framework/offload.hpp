#pragma once
// Work that blocks or computes, on threads other than the stage's.
#include <weir/framework/detail/job.hpp>
#include <weir/framework/stage_context.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <variant>

namespace weir {

namespace detail {

template <class F> decltype(auto) call_with_stop(F& f, const std::stop_token& stop) {
    if constexpr (std::is_invocable_v<F&, std::stop_token>)
        return f(stop);
    else
        return f();
}

/// What a job returned or threw.
template <class R> class Outcome {
public:
    template <class F> void run(F& f, const std::stop_token& stop) noexcept {
        try {
            if constexpr (std::is_void_v<R>)
                call_with_stop(f, stop);
            else
                value_.emplace(call_with_stop(f, stop));
        } catch (...) {
            error_ = std::current_exception();
        }
    }
    R take() {
        if (error_)
            std::rethrow_exception(std::exchange(error_, nullptr));
        if constexpr (!std::is_void_v<R>) {
            R result = std::move(*value_);
            value_.reset();
            return result;
        }
    }

private:
    std::optional<std::conditional_t<std::is_void_v<R>, std::monostate, R>> value_;
    std::exception_ptr error_;
};

template <class F> struct JobResult {
    using type = decltype(call_with_stop(std::declval<F&>(), std::declval<const std::stop_token&>()));
};

template <class F> class OffloadWait final : public Wait, private Job {
public:
    OffloadWait(StageContext& context, F f)
        : Wait(context.base(), WaitKind::outside, nullptr), f_(std::move(f)), stop_(context.stop_token()),
          place_(context.io_place()) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> resume) {
        start_job(*this, place_);
        stage_.suspend(*this, resume);
    }
    bool ready() noexcept override { return done_.load(std::memory_order_acquire); }
    typename JobResult<F>::type await_resume() { return outcome_.take(); }

private:
    void run() noexcept override {
        outcome_.run(f_, stop_);
        StageBase& owner = *stage;
        done_.store(true, std::memory_order_release); // pairs with `ready`
        job_over(owner);
    }
    F f_;
    std::stop_token stop_;
    JobPlace place_;
    Outcome<typename JobResult<F>::type> outcome_;
    std::atomic<bool> done_{false};
};

} // namespace detail

/// `co_await offload(f)` runs `f()` (or `f(stop_token)`) on an I/O thread, where it may block, and gives what it returns
/// or throws. The stage is suspended, no worker waits. On cancel the stop token is set and `f` must return soon.
/// Does not allocate. A lambda may capture by reference whatever the coroutine has: the stage waits for it.
template <class F> [[nodiscard]] auto offload(F&& f) {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
    static_assert(std::is_lvalue_reference_v<F> || std::is_trivially_destructible_v<F>,
                  "GCC 12 would destroy what this lambda has captured twice, since it is written where it is awaited: capture "
                  "by reference (the stage waits for the call), or await offload(std::ref(f)) of a variable f");
#endif
    return detail::OffloadWait<std::decay_t<F>>(this_stage(), std::forward<F>(f));
}

/// A piece of computing for another worker, so that a stage can have several under way and keep their order: start some,
/// await their results in turn. One at a time for each `Compute`; it allocates once, not once a start.
template <class F> class Compute {
public:
    using Result = typename detail::JobResult<F>::type;

    Compute() : state_(std::make_shared<State>()) {}

    /// Starts `f()` on a worker; on an I/O thread if the stage is `StageTraits::blocking`. What `f` refers to must be owned by
    /// it: the stage may end first.
    void start(F f) {
        state_->f.emplace(std::move(f));
        state_->done.store(false, std::memory_order_relaxed);
        state_->stop = this_stage().stop_token();
        state_->self = state_;
        try {
            detail::start_job(*state_, this_stage().compute_place());
        } catch (...) {
            state_->self.reset();
            throw;
        }
    }
    [[nodiscard]] bool done() const noexcept { return state_->done.load(std::memory_order_acquire); }
    /// `co_await` gives what it returned or throws what it threw.
    [[nodiscard]] auto result() noexcept { return ResultWait(*state_); }

private:
    struct State final : detail::Job {
        std::optional<F> f;
        detail::Outcome<Result> outcome;
        std::stop_token stop;
        std::atomic<bool> done{true};
        std::shared_ptr<State> self; ///< while it runs

        void run() noexcept override {
            auto keep = std::move(self);
            outcome.run(*f, stop);
            f.reset();
            detail::StageBase& owner = *stage;
            done.store(true, std::memory_order_release); // pairs with `Compute::done`
            keep.reset(); // before the stage may end: what was returned may be in here, and this the last to know
            detail::job_over(owner);
        }
    };
    class ResultWait final : public detail::Wait {
    public:
        static constexpr bool usable_in_any = true;
        explicit ResultWait(State& state) noexcept
            : Wait(this_stage().base(), detail::WaitKind::outside, nullptr), state_(state) {}
        bool ready() noexcept override { return state_.done.load(std::memory_order_acquire); }
        Result await_resume() { return state_.outcome.take(); }

    private:
        State& state_;
    };
    std::shared_ptr<State> state_;
};

} // namespace weir
