#pragma once

#include <elbow/array.hpp>

#include "data/byte_stream.hpp"

namespace elbow {

/// Reads an array from the format of the MNIST files (IDX): two zero bytes, the element's type, the
/// number of axes, their extents, and the numbers in C order, all big-endian.
/// @throws Error naming file and byte, what was expected and what was found.
Array read_idx_array(ByteStream& stream);

}  // namespace elbow
