#pragma once

#include <cstddef>

#include "cli/call.hpp"

namespace elbow {

/// The value of `--jobs`, or the number of processors available.
/// @throws Error when it is not from 1 to 10,000
std::size_t workers_of(const Call& call);

}  // namespace elbow
