#pragma once

#include <cstddef>

namespace elbow::test {

/// How often this process has asked for memory so far (malloc, calloc, realloc, aligned_alloc,
/// posix_memalign, and with them new), plugins included. Always 0 under AddressSanitizer, which
/// has an allocator of its own.
std::size_t allocations();

}  // namespace elbow::test
