#include "data/raw_numbers.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <elbow/error.hpp>
#include <limits>

#include "data/array_builder.hpp"

namespace elbow {
namespace {

template <class T>
T loaded(const char* from, bool big_endian) {
  char bytes[sizeof(T)];
  std::copy_n(from, sizeof(T), bytes);
  if (big_endian != (std::endian::native == std::endian::big))
    std::reverse(bytes, bytes + sizeof(T));
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// A number of IEEE 754's binary16.
float half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const float size = exponent == 0    ? std::ldexp(float(fraction), -24)
                     : exponent == 31 ? (fraction ? std::numeric_limits<float>::quiet_NaN()
                                                  : std::numeric_limits<float>::infinity())
                                      : std::ldexp(float(1024 + fraction), exponent - 25);
  return bits >> 15 ? -size : size;
}

/// Numbers as they are stored (T) in the type that they are handed on in (U).
template <class T, class U>
void convert(const std::vector<char>& bytes, bool big_endian, std::vector<U>& numbers) {
  numbers.resize(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = U(loaded<T>(bytes.data() + i * sizeof(T), big_endian));
}

template <class U>
void convert(const std::vector<char>& bytes, const NumberFormat& format, std::vector<U>& numbers) {
  const bool swap = format.big_endian;
  switch (format.kind) {
    case NumberKind::boolean:
      return convert<std::uint8_t>(bytes, swap, numbers);
    case NumberKind::unsigned_integer:
      return format.bytes == 1   ? convert<std::uint8_t>(bytes, swap, numbers)
             : format.bytes == 2 ? convert<std::uint16_t>(bytes, swap, numbers)
             : format.bytes == 4 ? convert<std::uint32_t>(bytes, swap, numbers)
                                 : convert<std::uint64_t>(bytes, swap, numbers);
    case NumberKind::signed_integer:
      return format.bytes == 1   ? convert<std::int8_t>(bytes, swap, numbers)
             : format.bytes == 2 ? convert<std::int16_t>(bytes, swap, numbers)
             : format.bytes == 4 ? convert<std::int32_t>(bytes, swap, numbers)
                                 : convert<std::int64_t>(bytes, swap, numbers);
    case NumberKind::real:
      if (format.bytes == 4) return convert<float>(bytes, swap, numbers);
      if (format.bytes == 8) return convert<double>(bytes, swap, numbers);
      convert<std::uint16_t>(bytes, swap, numbers);
      for (U& number : numbers) number = U(half(std::uint16_t(number)));
  }
}

/// @tparam U  the type that blocks of numbers are handed on in
template <class U>
Array read_as(ByteStream& stream, const NumberFormat& format, std::vector<Index> shape,
              std::size_t count, Array::Numbers smallest) {
  constexpr std::size_t block = 1u << 16;
  ArrayBuilder builder(std::move(smallest), count);
  std::vector<char> bytes;
  std::vector<U> numbers;
  for (std::size_t done = 0; done < count; done += numbers.size()) {
    const std::uint64_t begin = stream.position();
    bytes.resize(std::min(block, count - done) * format.bytes);
    const std::size_t found = stream.read(bytes.data(), bytes.size());
    if (found < bytes.size())
      stream.fail(begin + found, "expected " + shape_text(shape) + " numbers of " +
                                     std::to_string(format.bytes) + " bytes, " +
                                     std::to_string(count * format.bytes) +
                                     " bytes in all, got the end of the file after " +
                                     std::to_string(done * format.bytes + found));
    convert(bytes, format, numbers);
    const std::span<const U> span(numbers);
    if (const auto bad = unusable(span))
      stream.fail(begin + bad->index * format.bytes,
                  "element " + subscript_text(shape, done + bad->index) + ": " + bad->text);
    if (format.kind == NumberKind::boolean) {
      const auto other = std::find_if(span.begin(), span.end(), [](U value) { return value > 1; });
      if (other != span.end())
        stream.fail(begin + std::uint64_t(other - span.begin()),
                    "expected a boolean, 0 or 1, got " + std::to_string(*other));
    }
    builder.append(span);
  }
  return std::move(builder).array(std::move(shape));
}

}  // namespace

std::uint64_t count_numbers(const ByteStream& stream, std::uint64_t at,
                            const std::vector<std::uint64_t>& extents, std::size_t bytes_each) {
  std::string text;
  std::uint64_t count = 1, bytes = 0;
  bool fits = true;
  for (const std::uint64_t extent : extents) {
    text += (text.empty() ? "" : " x ") + std::to_string(extent);
    fits &= !__builtin_mul_overflow(count, extent, &count);
  }
  fits &= !__builtin_mul_overflow(count, std::uint64_t(bytes_each), &bytes) &&
          bytes <= std::uint64_t(std::numeric_limits<std::ptrdiff_t>::max());
  if (std::find(extents.begin(), extents.end(), 0u) != extents.end())
    stream.fail(at, "expected at least one number along every axis, got " + text);
  if (!fits)
    stream.fail(at, "expected no more numbers than have an address, got " + text + " of " +
                        std::to_string(bytes_each) + " bytes");
  return count;
}

Array read_raw_numbers(ByteStream& stream, const NumberFormat& format,
                       const std::vector<std::uint64_t>& extents) {
  const std::uint64_t begin = stream.position();
  const std::uint64_t count = count_numbers(stream, begin, extents, format.bytes);
  std::vector<Index> shape(extents.begin(), extents.end());
  const std::uint64_t bytes = count * format.bytes;
  // No room is made for numbers that cannot be there.
  if (stream.most_bytes() < begin || stream.most_bytes() - begin < bytes) {
    const std::uint64_t found = stream.skip_rest();
    stream.fail(begin + found,
                "expected " + shape_text(shape) + " numbers of " + std::to_string(format.bytes) +
                    " bytes, " + std::to_string(bytes) +
                    " bytes in all, got the end of the file after " + std::to_string(found));
  }
  const auto read = [&] {
    switch (format.kind) {
      case NumberKind::real:
        if (format.bytes == 8)
          return read_as<double>(stream, format, shape, count, std::vector<double>());
        return read_as<float>(stream, format, shape, count, std::vector<float>());
      case NumberKind::unsigned_integer:
        if (format.bytes == 8)
          return read_as<std::uint64_t>(stream, format, shape, count, std::vector<std::uint8_t>());
        [[fallthrough]];
      case NumberKind::boolean:
        if (format.bytes == 1)
          return read_as<std::uint8_t>(stream, format, shape, count, std::vector<std::uint8_t>());
        [[fallthrough]];
      case NumberKind::signed_integer:
        break;
    }
    return read_as<std::int64_t>(stream, format, shape, count, std::vector<std::uint8_t>());
  };
  Array array = read();
  const std::uint64_t end = stream.position();
  if (const std::uint64_t more = stream.skip_rest())
    stream.fail(end, "expected the end of the file after " + shape_text(shape) + " numbers, got " +
                         std::to_string(more) + " bytes more");
  return array;
}

}  // namespace elbow
