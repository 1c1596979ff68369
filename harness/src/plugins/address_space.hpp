#pragma once

#include <cstdint>

namespace elbow {

/// Limits what this process may map beyond what it has mapped by now, so that the limit does not
/// depend on the size of the program and its libraries (RLIMIT_AS). An allocation beyond it fails.
/// The limit is a soft one: what is left to do after it was met can lift it.
/// @param bytes  0: no limit
void limit_address_space(std::uint64_t bytes);
void lift_address_space_limit();

}  // namespace elbow
