#include "fault_points.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>

namespace faults {
namespace {

std::atomic<Point> armed{Point::nothing}; // sequentially consistent, as the others: all threads count the same
std::atomic<std::int64_t> calls_left{0};
std::atomic<bool> has_failed{false};
std::array<void*, 64> stack_of_failure; // written by the one call that fails, read after the run
std::size_t stack_depth = 0;

bool is_in(void* address, std::string_view function) {
    Dl_info symbol{};
    if (dladdr(address, &symbol) == 0 || !symbol.dli_sname)
        return false;
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(symbol.dli_sname, nullptr, nullptr, &status),
                                                           &std::free);
    return name && std::string_view(name.get()).find(function) != std::string_view::npos;
}

} // namespace

void arm(Point point, std::int64_t k) noexcept {
    has_failed = false;
    calls_left = k;
    armed = point;
}
void disarm() noexcept { armed = Point::nothing; }
bool reached() noexcept { return has_failed; }
bool was_in(std::string_view function) {
    return std::any_of(stack_of_failure.begin(), stack_of_failure.begin() + stack_depth,
                       [function](void* address) { return is_in(address, function); });
}

bool fails_now(Point point) noexcept {
    if (armed != point || calls_left.fetch_sub(1) != 1)
        return false;
    stack_depth = static_cast<std::size_t>(backtrace(stack_of_failure.data(), static_cast<int>(stack_of_failure.size())));
    has_failed = true;
    return true;
}

void may_throw(Point point) {
    if (fails_now(point))
        throw std::runtime_error("planned");
}

} // namespace faults

namespace {

void* allocate(std::size_t bytes, std::size_t alignment) {
    if (faults::fails_now(faults::Point::operator_new))
        throw std::bad_alloc();
    const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
    void* const memory = std::aligned_alloc(alignment, rounded);
    if (!memory)
        throw std::bad_alloc();
    return memory;
}

} // namespace

/// In front of the C library's. Of the threads that are started through it, those of std::thread are the framework's; oneTBB
/// has its own way, and ends the process if one of its threads cannot be started.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
    using Start = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    static const auto real = reinterpret_cast<Start>(dlsym(RTLD_NEXT, "pthread_create")); // NOLINT: what dlsym is for
    Dl_info origin{};
    const bool ours =
        dladdr(reinterpret_cast<void*>(start), &origin) != 0 && std::strstr(origin.dli_fname, "libstdc++"); // NOLINT
    return ours && faults::fails_now(faults::Point::thread_start) ? EAGAIN : real(thread, attributes, start, argument);
}

void* operator new(std::size_t bytes) { return allocate(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    try {
        return ::operator new(bytes);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

/// oneTBB's constructors of nodes lose the copy of the body that they have made when the next allocation fails. Nothing of ours
/// can mend that; what is lost are some bytes of a pipeline that could not be started.
extern "C" const char* __lsan_default_suppressions() {
    return "leak:function_input_base<\nleak:multifunction_input<\n";
} // NOLINT: the sanitizer's name
