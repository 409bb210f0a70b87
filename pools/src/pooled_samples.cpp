#include <weir/pools/errors.hpp>
#include <weir/pools/pooled_samples.hpp>

#include <fmt/format.h>

#include <cassert>
#include <cstring>

namespace weir {
namespace {

std::size_t bytes_of(const SampleLayout& layout, std::uint32_t samples) {
    return std::size_t{samples} * bytes_per_sample(layout.sample_format) * (layout.planes == 1 ? layout.channels : 1);
}

std::byte* plane_of(const detail::Block& block, std::uint32_t offset, std::uint32_t index) {
    const SampleLayout& layout = *block.samples;
    assert(index < layout.planes);
    std::byte* const plane = block.memory ? block.memory + layout.plane_bytes * index : block.foreign_channels[index];
    return plane + bytes_of(layout, offset);
}

} // namespace

std::uint32_t PooledSamples::planes() const noexcept { return layout().planes; }

std::size_t PooledSamples::plane_bytes() const noexcept { return bytes_of(layout(), header_.count); }

const std::byte* PooledSamples::plane(std::uint32_t index) const noexcept {
    return plane_of(*block_.get(), header_.offset, index);
}

std::byte* PooledSamples::writable_plane(std::uint32_t index) noexcept {
    assert(unique());
    return plane_of(*block_.get(), header_.offset, index);
}

void copy_samples(const PooledSamples& from, PooledSamples& to) {
    const auto fits = [&] {
        return from && to && from.format() == to.format() && to.unique() && to.header().count == from.header().count;
    };
    if (!fits())
        throw FormatError(fmt::format("cannot copy {} samples of {} into {} of {}", from.header().count,
                                      to_string(from.format()), to.header().count, to_string(to.format())));
    for (std::uint32_t i = 0; i < from.planes(); ++i)
        std::memcpy(to.writable_plane(i), from.plane(i), from.plane_bytes());
}

} // namespace weir
