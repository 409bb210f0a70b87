#pragma once
// The application's bytes as a stage's input: pushed.
#include <weir/framework/byte_reader.hpp>
#include <weir/framework/detail/byte_queue.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace weir {

/// Takes bytes from any thread of the application and gives them to one stage, `demux(source)`, in the order they came.
/// Bounded: what the stage has not read yet shows as `size()` of `capacity()`. A handle: copies are the same source.
/// Thread-safe; may outlive the pipeline. For bytes that can be had at any place, or are pulled, see ByteReader.
///
/// The last push is followed by `finish` or `fail`. An application that lets go of its last handle without either has failed:
/// the stage's error says so.
class ByteSource {
public:
    /// Allocates all of the capacity (in bytes). Throws std::invalid_argument if it is 0. `name` is for messages; its ending is
    /// a hint at the container.
    explicit ByteSource(std::string name = "bytes", std::size_t capacity = std::size_t{1} << 20);

    /// Takes the first of these bytes, as many as there is room for, and says how many. Never waits, does not allocate.
    [[nodiscard]] std::size_t try_push(std::span<const std::byte> bytes);
    /// Blocks the calling thread until all are taken, at most so long, and says how many were. Fewer: the time is over, or
    /// nothing is taken any more: `closed()`. Throws WrongThread in a stage's body. Bytes of several threads that push at once
    /// may mix.
    [[nodiscard]] std::size_t push(std::span<const std::byte> bytes,
                                   std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max());
    /// The stream ends after what was pushed.
    void finish() noexcept;
    /// The stage fails with this error, after what was pushed.
    void fail(std::exception_ptr error) noexcept;
    void fail(const std::string& what);
    /// Nothing is taken any more: the stream was ended, or the stage is over, or will never run.
    [[nodiscard]] bool closed() const;
    /// Calls `f` whenever there is room again, and when the stage is over: on an I/O thread, so it has to be short and must not
    /// wait. Replaces the one before; set it before the pipeline is prepared.
    void on_room(std::function<void()> f);

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::size_t capacity() const noexcept;
    [[nodiscard]] const std::string& name() const noexcept;

    /// The end that reads, for one stage. Throws GraphError the second time.
    [[nodiscard]] std::shared_ptr<ByteReader> reader() const;

private:
    struct Handle;
    std::shared_ptr<Handle> handle_;
};

} // namespace weir
