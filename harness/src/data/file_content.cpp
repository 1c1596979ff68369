#include "data/file_content.hpp"

#include "data/byte_stream.hpp"
#include "data/zip_archive.hpp"

namespace elbow {

std::string read_content(const std::filesystem::path& file) {
  ByteStream stream(file);
  constexpr std::size_t step = std::size_t{1} << 20;
  std::string content;
  std::error_code ignored;
  if (const auto size = std::filesystem::file_size(file, ignored); !ignored)
    content.reserve(size + step);
  for (std::size_t size = 0, n = step; n == step; size += n) {
    if (content.capacity() < size + step) content.reserve(2 * content.capacity() + step);
    content.resize(size + step);
    n = stream.read(content.data() + size, step);
    content.resize(size + n);
  }
  return is_zip_archive(content) ? only_file_in_zip(file, content) : content;
}

}  // namespace elbow
