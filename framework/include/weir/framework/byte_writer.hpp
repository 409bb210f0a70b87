#pragma once
// Where a stage's bytes go, if it is neither a file nor a URL.
#include <weir/framework/io_limit.hpp>
#include <weir/framework/stage_context.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace weir {

/// Bytes that are taken. Derive from it for an application's own storage. Called on I/O threads, never on a worker, by one
/// thread at a time; what `write` and `seek` throw is the writing stage's error.
class ByteWriter {
public:
    ByteWriter() = default;
    ByteWriter(const ByteWriter&) = delete;
    ByteWriter& operator=(const ByteWriter&) = delete;
    virtual ~ByteWriter() = default;

    /// Takes all bytes (never none). May block, but returns soon once the limit is reached. False: it wants no more, and the
    /// stage ends; that is no error.
    [[nodiscard]] virtual bool write(std::span<const std::byte> bytes, const IoLimit& limit) = 0;
    /// Whether `seek` works. Without it some containers are written in another form (MP4 in fragments), some not at all.
    [[nodiscard]] virtual bool seekable() const { return false; }
    /// The next `write` begins so many bytes from the beginning and replaces what is there.
    virtual void seek(std::uint64_t position) { static_cast<void>(position); }
    /// Whether `write` may wait for ever (for a network, for the application): then it gets a thread of its own.
    [[nodiscard]] virtual bool may_wait() const { return true; }
    /// The last call, made once a run: what was written is whole if the reason is `finished` or `drained`, and is not if it is
    /// `failed` or `cancelled`.
    virtual void end(EndReason reason) noexcept { static_cast<void>(reason); }
    /// For messages.
    [[nodiscard]] virtual std::string name() const { return "bytes"; }
};

namespace detail {

template <class F> class FunctionWriter final : public ByteWriter {
public:
    FunctionWriter(F f, std::string name) : f_(std::move(f)), name_(std::move(name)) {}
    [[nodiscard]] bool write(std::span<const std::byte> bytes, const IoLimit& limit) override {
        if constexpr (std::is_invocable_r_v<bool, F&, std::span<const std::byte>, const IoLimit&>)
            return f_(bytes, limit);
        else if constexpr (std::is_invocable_r_v<bool, F&, std::span<const std::byte>>)
            return f_(bytes);
        else
            f_(bytes);
        return true;
    }
    [[nodiscard]] std::string name() const override { return name_; }

private:
    F f_;
    std::string name_;
};

} // namespace detail

/// Writes with `f(std::span<const std::byte>)`, or `f(std::span<const std::byte>, const IoLimit&)`, which returns nothing, or
/// a bool as ByteWriter::write does. Whether it was the whole is told by the pipeline's end alone.
template <class F>
    requires std::invocable<F&, std::span<const std::byte>> || std::invocable<F&, std::span<const std::byte>, const IoLimit&>
[[nodiscard]] std::shared_ptr<ByteWriter> byte_writer(F f, std::string name = "bytes") {
    return std::make_shared<detail::FunctionWriter<F>>(std::move(f), std::move(name));
}

} // namespace weir
