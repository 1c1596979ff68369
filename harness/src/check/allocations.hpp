#pragma once

#include <functional>
#include <optional>
#include <string>

#include "check/finding.hpp"

namespace elbow::check {

/// The name of the library that counts when it is preloaded; installed in lib/elbow.
inline constexpr const char* allocation_counter = "libelbow_count_allocations.so";

/// How often `work` asks for memory; nothing when the counter is not preloaded.
std::optional<unsigned long> allocations_of(const std::function<void()>& work);

/// Why allocations are not counted in this process: a sanitizer, or no preloaded counter.
std::string why_not_counted();

/// Whether this program was built with a sanitizer that owns malloc, so that no counter can be
/// preloaded.
bool sanitizer_owns_malloc();

/// Runs `work` once to let it fill its buffers, then `runs` times, which must not allocate.
Outcome judge_allocations(const std::function<void()>& work, int warm_up = 1, int runs = 3);

}  // namespace elbow::check
