#pragma once
// Failures on purpose. Linked into a test of its own: it stands before operator new and pthread_create for the whole process.
#include <atomic>
#include <cstdint>
#include <string_view>

namespace faults {

/// What can be made to fail.
enum class Point : std::uint8_t { nothing, operator_new, pool_memory, thread_start, step, offload };

/// From now on the k-th call of that kind fails, on whatever thread.
void arm(Point point, std::int64_t k) noexcept;
void disarm() noexcept;
/// Whether that call has come since `arm`.
[[nodiscard]] bool reached() noexcept;
/// Whether the call that failed was made, by whatever ways, in a function whose name contains `function`. Asked after the run.
[[nodiscard]] bool was_in(std::string_view function);

/// True if this call of that kind is the one to fail.
[[nodiscard]] bool fails_now(Point point) noexcept;
/// Throws std::runtime_error("planned") if so.
void may_throw(Point point);

} // namespace faults
