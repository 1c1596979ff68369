#include "data/npy_array.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "data/printable.hpp"
#include "data/raw_numbers.hpp"

namespace elbow {
namespace {

constexpr std::size_t magic_size = 6;
constexpr std::uint32_t longest_header = 1u << 16;

/// The dictionary that describes an NPY file's array, a Python literal.
struct Header {
  std::string type;  ///< without quotes
  bool is_fortran = false;
  std::vector<std::uint64_t> extents;
};

class HeaderReader {
 public:
  /// @param at  where in the file the text begins
  HeaderReader(const ByteStream& stream, std::uint64_t at, std::string_view text)
      : stream_(stream), start_(at), text_(text) {}

  Header read() {
    Header header;
    bool has_type = false, has_order = false, has_shape = false;
    expect('{');
    while (!take('}')) {
      const std::size_t key_at = at_;
      const std::string key = quoted("a key");
      expect(':');
      const auto once = [&](bool& seen) {
        if (seen) fail(key_at, "the key '" + key + "' once", "it again");
        seen = true;
      };
      if (key == "descr") {
        once(has_type);
        header.type = type();
      } else if (key == "fortran_order") {
        once(has_order);
        header.is_fortran = boolean();
      } else if (key == "shape") {
        once(has_shape);
        header.extents = shape();
      } else {
        fail(key_at, "the keys 'descr', 'fortran_order' and 'shape'",
             "'" + printable(key, 40) + "'");
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (at_ != text_.size()) fail(at_, "nothing behind the dictionary", found());
    if (!has_type || !has_order || !has_shape)
      fail(0, "the keys 'descr', 'fortran_order' and 'shape'", "'" + printable(text_, 80) + "'");
    return header;
  }

 private:
  [[noreturn]] void fail(std::size_t at, const std::string& expected,
                         const std::string& got) const {
    stream_.fail(start_ + at, "expected " + expected + " in the header of an NPY file, got " + got);
  }
  std::string found() const {
    return at_ < text_.size() ? "'" + printable(text_.substr(at_), 40) + "'" : "its end";
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t'))
      ++at_;
  }
  bool take(char c) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(at_, std::string("'") + c + "'", found());
  }
  bool take_word(std::string_view word) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::string quoted(const char* what) {
    skip_blanks();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail(at_, what, found());
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail(at_, what, "a text that does not end");
    const std::string text(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return text;
  }
  std::string type() {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '[')
      fail(at_, "one number per element", "a structure of several fields, " + found());
    return quoted("the type of the numbers, such as '<f4',");
  }
  bool boolean() {
    if (take_word("True")) return true;
    if (!take_word("False")) fail(at_, "True or False", found());
    return false;
  }
  std::vector<std::uint64_t> shape() {
    std::vector<std::uint64_t> extents;
    expect('(');
    while (!take(')')) {
      skip_blanks();
      const char* const first = text_.data() + at_;
      std::uint64_t extent = 0;
      const auto [end, code] = std::from_chars(first, text_.data() + text_.size(), extent);
      if (end == first || code != std::errc()) fail(at_, "an extent of at most 64 bits", found());
      at_ = std::size_t(end - text_.data());
      extents.push_back(extent);
      if (take(',')) continue;
      expect(')');
      break;
    }
    return extents;
  }

  const ByteStream& stream_;
  std::uint64_t start_;
  std::string_view text_;
  std::size_t at_ = 0;
};

/// "<f8", "|u1", ...
std::optional<NumberFormat> number_format(const std::string& type) {
  if (type.size() != 3 || std::string_view("<>|=").find(type[0]) == std::string_view::npos)
    return {};
  const std::size_t bytes = std::size_t(type[2] - '0');
  if ((bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) || (type[0] == '|' && bytes != 1))
    return {};
  const bool big_endian = type[0] == '>';
  switch (type[1]) {
    case 'b':
      if (bytes != 1) return {};
      return NumberFormat{NumberKind::boolean, bytes, big_endian};
    case 'i':
      return NumberFormat{NumberKind::signed_integer, bytes, big_endian};
    case 'u':
      return NumberFormat{NumberKind::unsigned_integer, bytes, big_endian};
    case 'f':
      if (bytes == 1) return {};
      return NumberFormat{NumberKind::real, bytes, big_endian};
    default:
      return {};
  }
}

/// The array whose axes are those of `array` in reverse order.
Array reversed(Array array) {
  const auto n = std::ptrdiff_t(array.shape.size());
  std::vector<Index> shape(array.shape.rbegin(), array.shape.rend());
  // What one step along an axis of the result is in `array`.
  std::vector<Index> stride(std::size_t(n), 1);
  for (std::ptrdiff_t axis = 1; axis < n; ++axis)
    stride[std::size_t(axis)] = stride[std::size_t(axis - 1)] * shape[std::size_t(axis - 1)];
  std::visit(
      [&]<class T>(std::vector<T>& from) {
        std::vector<T> to;
        to.reserve(from.size());
        std::vector<Index> at(std::size_t(n), 0);
        for (Index place = 0; to.size() < from.size();) {
          to.push_back(from[std::size_t(place)]);
          for (std::ptrdiff_t axis = n - 1; axis >= 0; --axis) {
            const auto a = std::size_t(axis);
            place += stride[a];
            if (++at[a] < shape[a]) break;
            place -= stride[a] * shape[a];
            at[a] = 0;
          }
        }
        from = std::move(to);
      },
      array.numbers);
  array.shape = std::move(shape);
  return array;
}

}  // namespace

Array read_npy_array(ByteStream& stream) {
  unsigned char start[magic_size + 2] = {};
  stream.read_all(start, sizeof start, "the magic number and version of an NPY file");
  const int version = start[magic_size];
  if (version < 1 || version > 3)
    stream.fail(magic_size, "expected version 1, 2 or 3 of NPY, got " + std::to_string(version));
  unsigned char size_bytes[4] = {};
  stream.read_all(size_bytes, version == 1 ? 2 : 4, "the size of the header");
  std::uint32_t size = 0;
  for (int i = 3; i >= 0; --i) size = size << 8 | size_bytes[i];
  if (size > longest_header)
    stream.fail(sizeof start, "expected a header of at most " + std::to_string(longest_header) +
                                  " bytes, got " + std::to_string(size));
  const std::uint64_t at = stream.position();
  std::string text(size, ' ');
  stream.read_all(text.data(), text.size(), "the header of an NPY file");
  Header header = HeaderReader(stream, at, text).read();

  const auto format = number_format(header.type);
  if (!format) {
    std::string got = "the dtype '" + printable(header.type, 40) + "'";
    if (header.type.find('O') != std::string::npos) got += ", pickled Python objects";
    stream.fail(at, "expected booleans, integers or reals of at most 8 bytes, got " + got);
  }
  if (header.extents.empty())
    stream.fail(at, "expected an array with one axis or more, got a single number, shape ()");
  count_numbers(stream, at, header.extents, format->bytes);
  if (!header.is_fortran) return read_raw_numbers(stream, *format, header.extents);
  std::reverse(header.extents.begin(), header.extents.end());
  return reversed(read_raw_numbers(stream, *format, header.extents));
}

}  // namespace elbow
