#include <weir/framework/memory_bytes.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weir {

MemoryReader::MemoryReader(std::vector<std::byte> bytes, std::string name)
    : own_(std::move(bytes)), bytes_(own_), name_(std::move(name)) {}

MemoryReader::MemoryReader(std::span<const std::byte> bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

std::size_t MemoryReader::read(std::span<std::byte> into, const IoLimit&) {
    if (position_ >= bytes_.size())
        return 0;
    const auto from = bytes_.subspan(static_cast<std::size_t>(position_));
    const std::size_t count = std::min(from.size(), into.size());
    std::copy_n(from.begin(), count, into.begin());
    position_ += count;
    return count;
}

MemoryWriter::MemoryWriter(std::size_t max_bytes, std::string name) : max_bytes_(max_bytes), name_(std::move(name)) {}

std::vector<std::byte> MemoryWriter::take() noexcept {
    position_ = 0;
    return std::exchange(bytes_, {});
}

bool MemoryWriter::write(std::span<const std::byte> bytes, const IoLimit&) {
    if (position_ > max_bytes_ || bytes.size() > max_bytes_ - position_)
        throw std::length_error(name_ + ": more than the " + std::to_string(max_bytes_) + " bytes that it may hold");
    const auto begin = static_cast<std::size_t>(position_);
    if (begin + bytes.size() > bytes_.size())
        bytes_.resize(begin + bytes.size());
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin));
    position_ += bytes.size();
    return true;
}

} // namespace weir
