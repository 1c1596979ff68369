#pragma once

#include <elbow/array.hpp>

#include "data/byte_stream.hpp"

namespace elbow {

/// Reads an array that numpy.save wrote (NPY versions 1, 2 and 3): booleans, integers or reals of 2
/// to 8 bytes, in C or Fortran order, either byte order.
/// @throws Error naming file and byte, what was expected and what was found.
Array read_npy_array(ByteStream& stream);

}  // namespace elbow
