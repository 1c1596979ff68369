#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

/// Files of arrays, byte by byte.
namespace elbow::test {

template <class T>
std::string bytes_of(const std::vector<T>& numbers, bool big_endian) {
  std::string bytes;
  for (const T number : numbers) {
    char one[sizeof(T)];
    std::memcpy(one, &number, sizeof number);
    bytes += big_endian ? std::string(std::make_reverse_iterator(one + sizeof(T)),
                                      std::make_reverse_iterator(one))
                        : std::string(one, sizeof(T));
  }
  return bytes;
}

inline std::string idx_header(char type, const std::vector<std::uint32_t>& shape) {
  return std::string{'\0', '\0', type, char(shape.size())} + bytes_of(shape, true);
}

template <class T>
std::string idx(char type, const std::vector<std::uint32_t>& shape, const std::vector<T>& numbers) {
  return idx_header(type, shape) + bytes_of(numbers, true);
}

/// @param version  1, 2 or 3
inline std::string npy_header(const std::string& dictionary, int version = 1) {
  const std::string text = dictionary + "\n";
  const std::string size = version == 1
                               ? bytes_of<std::uint16_t>({std::uint16_t(text.size())}, false)
                               : bytes_of<std::uint32_t>({std::uint32_t(text.size())}, false);
  return "\x93NUMPY" + std::string{char(version), '\0'} + size + text;
}

inline std::string npy_dictionary(const std::string& type, const std::string& shape,
                                  const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace elbow::test
