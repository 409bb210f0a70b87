#pragma once
// A block of memory as a stage's input or output.
#include <weir/framework/byte_reader.hpp>
#include <weir/framework/byte_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

/// A block of memory, read from any place.
class MemoryReader final : public ByteReader {
public:
    explicit MemoryReader(std::vector<std::byte> bytes, std::string name = "memory");
    /// The memory is the caller's and stays until the pipeline is destroyed.
    explicit MemoryReader(std::span<const std::byte> bytes, std::string name = "memory");

    [[nodiscard]] std::size_t read(std::span<std::byte> into, const IoLimit& limit) override;
    [[nodiscard]] bool seekable() const override { return true; }
    void seek(std::uint64_t position) override { position_ = position; }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return bytes_.size(); }
    [[nodiscard]] bool may_wait() const override { return false; }
    [[nodiscard]] std::string name() const override { return name_; }

private:
    std::vector<std::byte> own_;
    std::span<const std::byte> bytes_;
    std::uint64_t position_ = 0;
    std::string name_;
};

/// Keeps what is written, at any place, up to a bound. To be looked at when the pipeline has ended.
class MemoryWriter final : public ByteWriter {
public:
    /// More than `max_bytes` is the writing stage's error.
    explicit MemoryWriter(std::size_t max_bytes, std::string name = "memory");

    /// How the run ended; empty before. The bytes are whole if it is `finished` or `drained`.
    [[nodiscard]] std::optional<EndReason> ended() const noexcept { return ended_; }
    [[nodiscard]] bool whole() const noexcept { return ended_ == EndReason::finished || ended_ == EndReason::drained; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::vector<std::byte> take() noexcept;

    /// Allocates. Throws std::length_error beyond the bound.
    [[nodiscard]] bool write(std::span<const std::byte> bytes, const IoLimit& limit) override;
    [[nodiscard]] bool seekable() const override { return true; }
    void seek(std::uint64_t position) override { position_ = position; }
    [[nodiscard]] bool may_wait() const override { return false; }
    void end(EndReason reason) noexcept override { ended_ = reason; }
    [[nodiscard]] std::string name() const override { return name_; }

private:
    std::vector<std::byte> bytes_;
    std::uint64_t position_ = 0;
    std::size_t max_bytes_;
    std::optional<EndReason> ended_;
    std::string name_;
};

} // namespace weir
