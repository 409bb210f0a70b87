#pragma once
// A stage's output as bytes for the application: pulled.
#include <weir/framework/byte_writer.hpp>
#include <weir/framework/detail/byte_queue.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace weir {

/// Keeps what one stage, `mux(sink, "mpegts")`, writes until a thread of the application pulls it. Bounded: while `capacity()`
/// bytes wait, the stage waits, and the pipeline behind it. A handle: copies are the same sink. Thread-safe; may outlive the
/// pipeline. To be given the bytes by a call, or to have them written at any place, see ByteWriter.
///
/// An application that lets go of its last handle without `close` before the end is the stage's error.
class ByteSink {
public:
    /// Allocates all of the capacity (in bytes). Throws std::invalid_argument if it is 0. `name` is for messages.
    explicit ByteSink(std::string name = "bytes", std::size_t capacity = std::size_t{1} << 20);

    /// Takes what there is, as much as fits, and says how many bytes; 0 if there are none now. Never waits, does not allocate.
    [[nodiscard]] std::size_t try_pull(std::span<std::byte> into);
    /// Blocks the calling thread until there is a byte, at most so long. 0 when the time is over or the stream: `ended()`
    /// tells. Throws WrongThread in a stage's body.
    [[nodiscard]] std::size_t pull(std::span<std::byte> into,
                                   std::chrono::nanoseconds timeout = std::chrono::nanoseconds::max());
    /// How the stream ended; empty while there is something to pull, or may be. What was pulled is whole if this is `finished`
    /// or `drained`. After `failed` and `cancelled` it is not, and what had not been pulled is gone.
    [[nodiscard]] std::optional<EndReason> ended() const;
    /// All of the stream was pulled.
    [[nodiscard]] bool whole() const;
    /// The application wants no more: the stage ends, which is no error. `ended()` will be `cancelled`, unless all was written.
    void close() noexcept;
    /// Calls `f` whenever bytes have come, and at the end: on an I/O thread, so it has to be short and must not wait. Replaces
    /// the one before; set it before the pipeline is started.
    void on_bytes(std::function<void()> f);

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::size_t capacity() const noexcept;
    [[nodiscard]] const std::string& name() const noexcept;

    /// The end that writes, for one stage and one run. Throws GraphError the second time.
    [[nodiscard]] std::shared_ptr<ByteWriter> writer() const;

private:
    struct Handle;
    std::shared_ptr<Handle> handle_;
};

} // namespace weir
