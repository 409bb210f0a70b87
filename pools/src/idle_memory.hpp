#pragma once
// What the memory of idle buffers looks like to those who should not look.
#include <cstddef>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__)
#define WEIR_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef WEIR_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace weir::detail {

/// Fills it with a pattern in debug builds, and makes every access an error under AddressSanitizer.
inline void memory_goes_idle([[maybe_unused]] std::byte* memory, [[maybe_unused]] std::size_t bytes) noexcept {
#ifndef NDEBUG
    std::memset(memory, 0xd5, bytes);
#endif
#ifdef WEIR_ADDRESS_SANITIZER
    __asan_poison_memory_region(memory, bytes);
#endif
}

/// Before it is used again or freed.
inline void memory_is_wanted([[maybe_unused]] std::byte* memory, [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef WEIR_ADDRESS_SANITIZER
    __asan_unpoison_memory_region(memory, bytes);
#endif
}

} // namespace weir::detail
