#pragma once

#include <elbow/array.hpp>
#include <string>
#include <vector>

#include "data/byte_stream.hpp"

namespace elbow {

enum class NumberKind { boolean, signed_integer, unsigned_integer, real };

/// How one number is stored in a file.
struct NumberFormat {
  NumberKind kind;
  std::size_t bytes;  ///< 1, 2, 4 or 8; reals have 2 at least
  bool big_endian;
};

/// The product of the extents. @throws Error from `stream` when an extent is zero, or when the
/// numbers' bytes have no 64-bit count. @param at  where in the file the extents are
std::uint64_t count_numbers(const ByteStream& stream, std::uint64_t at,
                            const std::vector<std::uint64_t>& extents, std::size_t bytes_each);

/// Reads the numbers that fill the rest of the stream, in the file's order.
/// @param extents  as `count_numbers` has accepted them
/// @throws Error naming the byte, what was expected and what was found.
Array read_raw_numbers(ByteStream& stream, const NumberFormat& format,
                       const std::vector<std::uint64_t>& extents);

}  // namespace elbow
