#pragma once
// The coroutine types stages are written in.
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir {

/// What a stage's coroutine returns. The stage owns it; it starts suspended and is resumed by one thread at a time.
/// Returning closes the stage's ports; an exception that leaves it ends the stage by its error policy.
class [[nodiscard]] Process {
public:
    struct promise_type {
        std::exception_ptr error;

        Process get_return_object() noexcept { return Process(Handle::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() noexcept { error = std::current_exception(); }
    };
    using Handle = std::coroutine_handle<promise_type>;

    Process() noexcept = default;
    Process(Process&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Process& operator=(Process&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Process() { reset(); }

    /// Destroys the coroutine's frame and everything in it.
    void reset() noexcept {
        if (auto handle = std::exchange(handle_, nullptr))
            handle.destroy();
    }
    explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
    [[nodiscard]] Handle handle() const noexcept { return handle_; }
    [[nodiscard]] bool done() const noexcept { return handle_.done(); }
    [[nodiscard]] std::exception_ptr error() const noexcept { return handle_.promise().error; }

private:
    explicit Process(Handle handle) noexcept : handle_(handle) {}
    Handle handle_;
};

namespace detail {

struct TaskPromiseBase {
    std::coroutine_handle<> continuation;
    std::exception_ptr error;

    struct FinalAwaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise> std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
            return handle.promise().continuation;
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T> struct TaskPromise : TaskPromiseBase {
    std::optional<T> value;
    template <class U> void return_value(U&& result) { value.emplace(std::forward<U>(result)); }
    T take() {
        if (error)
            std::rethrow_exception(error);
        return std::move(*value);
    }
};

template <> struct TaskPromise<void> : TaskPromiseBase {
    void return_void() const noexcept {}
    void take() const {
        if (error)
            std::rethrow_exception(error);
    }
};

} // namespace detail

/// A part of a stage as a coroutine of its own: `T value = co_await part(in, out);`. Starts when awaited, runs on the
/// stage's thread, may await whatever the stage may. Making one allocates its frame: not once an item on hot paths.
template <class T = void> class [[nodiscard]] Task {
public:
    struct promise_type : detail::TaskPromise<T> {
        Task get_return_object() noexcept { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    };

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_)
            handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        handle_.promise().continuation = awaiting;
        return handle_;
    }
    T await_resume() { return handle_.promise().take(); }

private:
    explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    std::coroutine_handle<promise_type> handle_;
};

} // namespace weir
