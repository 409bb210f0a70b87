#pragma once
// A bounded queue of bytes between the application's threads and an I/O thread of a stage: both ends may block.
#include <weir/framework/io_limit.hpp>
#include <weir/framework/stage_context.hpp>
#include <weir/pools/detail/mutex.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace weir::detail {

/// One end writes, the other reads; one of them is the application's. Thread-safe.
class ByteQueue {
public:
    enum class Application : std::uint8_t { writes, reads };

    /// Allocates all of the capacity. Throws std::invalid_argument if it is 0.
    ByteQueue(std::string name, std::size_t capacity, Application application);
    ByteQueue(const ByteQueue&) = delete;
    ByteQueue& operator=(const ByteQueue&) = delete;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::size_t size() const WEIR_EXCLUDES(mutex_);

    // The end that writes.

    /// Waits until all bytes are in, the limit is reached, or nothing is taken any more. How many are in.
    [[nodiscard]] std::size_t write(std::span<const std::byte> bytes, const IoLimit& limit) WEIR_EXCLUDES(mutex_);
    /// Nothing is written after this. What is inside can still be read if it is the whole; else it is freed.
    void end(EndReason reason) noexcept WEIR_EXCLUDES(mutex_);
    /// Nothing is written after this. What is inside can still be read, then reading throws.
    void fail(std::exception_ptr error) noexcept WEIR_EXCLUDES(mutex_);
    /// Nobody reads any more, or the end was written.
    [[nodiscard]] bool closed() const WEIR_EXCLUDES(mutex_);

    // The end that reads.

    /// Waits until there is a byte, the limit is reached, or nothing will come. How many were read. Throws what `fail` was
    /// given.
    [[nodiscard]] std::size_t read(std::span<std::byte> into, const IoLimit& limit) WEIR_EXCLUDES(mutex_);
    /// Nothing is read after this; what is inside is freed. With an error, the end that writes is to know it.
    void close(std::exception_ptr error = nullptr) noexcept WEIR_EXCLUDES(mutex_);
    /// How the writing ended; empty while there is something to read, or may be.
    [[nodiscard]] std::optional<EndReason> ended() const WEIR_EXCLUDES(mutex_);
    [[nodiscard]] bool ended_writing() const WEIR_EXCLUDES(mutex_);
    /// Why nobody reads any more, if that is an error.
    [[nodiscard]] std::exception_ptr close_error() const WEIR_EXCLUDES(mutex_);

    /// Called, outside the lock, after each change that the application may wait for. Replaces the one before. Let go of when
    /// the stage's end is done with the queue: it may hold a handle to it.
    void on_change(std::function<void()> f) WEIR_EXCLUDES(mutex_);

private:
    using Callback = std::shared_ptr<const std::function<void()>>;
    void wait(const IoLimit& limit) WEIR_REQUIRES(mutex_);
    void wake() noexcept WEIR_EXCLUDES(mutex_);
    /// Tells the other end. What it returns is to be called outside the lock.
    [[nodiscard]] Callback tell(bool by_writer, bool last) noexcept WEIR_REQUIRES(mutex_);
    static void call(const Callback& callback) noexcept;
    [[nodiscard]] std::size_t put(std::span<const std::byte> bytes) noexcept WEIR_REQUIRES(mutex_);
    [[nodiscard]] std::size_t take(std::span<std::byte> into) noexcept WEIR_REQUIRES(mutex_);

    const std::string name_;
    const std::size_t capacity_;
    const bool application_writes_;
    mutable Mutex mutex_;
    Condition changed_;
    std::unique_ptr<std::byte[]> ring_ WEIR_GUARDED_BY(mutex_); ///< until `close`
    std::size_t first_ WEIR_GUARDED_BY(mutex_) = 0;
    std::size_t count_ WEIR_GUARDED_BY(mutex_) = 0;
    std::optional<EndReason> ended_ WEIR_GUARDED_BY(mutex_); ///< by the end that writes
    std::exception_ptr error_ WEIR_GUARDED_BY(mutex_);       ///< with it
    bool closed_ WEIR_GUARDED_BY(mutex_) = false;            ///< by the end that reads
    bool lost_ WEIR_GUARDED_BY(mutex_) = false;              ///< something was inside then
    std::exception_ptr close_error_ WEIR_GUARDED_BY(mutex_); ///< with it
    Callback on_change_ WEIR_GUARDED_BY(mutex_);

    friend struct ByteQueueWake;
};

/// The limit of a call of the application that waits at most so long; a longer time than anybody waits is cut. Throws
/// WrongThread in a stage's body.
[[nodiscard]] IoLimit application_limit(std::chrono::nanoseconds timeout);
/// The limit of one that does not wait.
[[nodiscard]] inline IoLimit no_wait() noexcept { return {{}, std::chrono::steady_clock::time_point::min()}; }

} // namespace weir::detail
