#pragma once
// Where a stage's bytes come from, if it is neither a file nor a URL.
#include <weir/framework/io_limit.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace weir {

/// Bytes that are pulled. Derive from it for an application's own storage. Called on I/O threads, never on a worker, by one
/// thread at a time; what it throws is the reading stage's error.
class ByteReader {
public:
    ByteReader() = default;
    ByteReader(const ByteReader&) = delete;
    ByteReader& operator=(const ByteReader&) = delete;
    virtual ~ByteReader() = default;

    /// Fills the beginning of `into` (never empty) and says how many bytes these are; 0 is the end. May block, but returns soon
    /// once the limit is reached: anything, it is not used.
    [[nodiscard]] virtual std::size_t read(std::span<std::byte> into, const IoLimit& limit) = 0;
    /// Whether `seek` works. Some containers cannot be read without it: an MP4 whose index lies at its end.
    [[nodiscard]] virtual bool seekable() const { return false; }
    /// The next `read` begins so many bytes from the beginning; at or behind the end it gives 0.
    virtual void seek(std::uint64_t position) { static_cast<void>(position); }
    /// How many bytes there are, if that is known.
    [[nodiscard]] virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
    /// Whether `read` may wait for ever (for a network, for the application): then it gets a thread of its own.
    [[nodiscard]] virtual bool may_wait() const { return true; }
    /// Nothing more will be read. Called once, also if the stage never ran to its first read.
    virtual void close() noexcept {}
    /// For messages. Its ending is a hint at the container: "upload.mp4".
    [[nodiscard]] virtual std::string name() const { return "bytes"; }
};

namespace detail {

template <class F> class FunctionReader final : public ByteReader {
public:
    FunctionReader(F f, std::string name) : f_(std::move(f)), name_(std::move(name)) {}
    [[nodiscard]] std::size_t read(std::span<std::byte> into, const IoLimit& limit) override {
        if constexpr (std::is_invocable_v<F&, std::span<std::byte>, const IoLimit&>)
            return f_(into, limit);
        else
            return f_(into);
    }
    [[nodiscard]] std::string name() const override { return name_; }

private:
    F f_;
    std::string name_;
};

} // namespace detail

/// Reads with `std::size_t f(std::span<std::byte>)`, or `f(std::span<std::byte>, const IoLimit&)`: as ByteReader::read. One
/// that blocks and does not look at the limit holds up a cancel until it returns.
template <class F>
    requires std::invocable<F&, std::span<std::byte>> || std::invocable<F&, std::span<std::byte>, const IoLimit&>
[[nodiscard]] std::shared_ptr<ByteReader> byte_reader(F f, std::string name = "bytes") {
    return std::make_shared<detail::FunctionReader<F>>(std::move(f), std::move(name));
}

} // namespace weir
