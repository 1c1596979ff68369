#include "data/idx_array.hpp"

#include <cstdio>

#include "data/raw_numbers.hpp"

namespace elbow {
namespace {

std::string hexadecimal(unsigned char byte) {
  char text[8];
  std::snprintf(text, sizeof text, "0x%02x", unsigned(byte));
  return text;
}

NumberFormat number_format(const ByteStream& stream, unsigned char type) {
  switch (type) {
    case 0x08:
      return {NumberKind::unsigned_integer, 1, true};
    case 0x09:
      return {NumberKind::signed_integer, 1, true};
    case 0x0b:
      return {NumberKind::signed_integer, 2, true};
    case 0x0c:
      return {NumberKind::signed_integer, 4, true};
    case 0x0d:
      return {NumberKind::real, 4, true};
    case 0x0e:
      return {NumberKind::real, 8, true};
    default:
      stream.fail(2,
                  "expected the type of an IDX file's numbers (0x08 uint8, 0x09 int8, 0x0b int16, "
                  "0x0c int32, 0x0d float32, 0x0e float64), got " +
                      hexadecimal(type));
  }
}

}  // namespace

Array read_idx_array(ByteStream& stream) {
  unsigned char magic[4] = {};
  stream.read_all(magic, sizeof magic, "the magic number of an IDX file");
  if (magic[0] != 0 || magic[1] != 0)
    stream.fail(0, "expected the two zero bytes of an IDX file, got " + hexadecimal(magic[0]) +
                       " " + hexadecimal(magic[1]));
  const NumberFormat format = number_format(stream, magic[2]);
  if (magic[3] == 0) stream.fail(3, "expected an IDX file with one axis or more, got 0");
  std::vector<std::uint64_t> extents;
  for (int axis = 0; axis < magic[3]; ++axis) {
    unsigned char bytes[4] = {};
    stream.read_all(bytes, sizeof bytes, "the extent of axis " + std::to_string(axis));
    std::uint64_t extent = 0;
    for (const unsigned char byte : bytes) extent = extent << 8 | byte;
    extents.push_back(extent);
  }
  count_numbers(stream, sizeof magic, extents, format.bytes);
  return read_raw_numbers(stream, format, extents);
}

}  // namespace elbow
