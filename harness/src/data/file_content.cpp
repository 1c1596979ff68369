#include "data/file_content.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elbow/error.hpp>
#include <memory>

#include "data/zip_archive.hpp"

namespace elbow {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& reason) {
  throw Error(file.string() + ": cannot be read: " + reason);
}

}  // namespace

std::string read_content(const std::filesystem::path& file) {
  // Without waiting for somebody to write into a FIFO.
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) fail(file, std::strerror(errno));
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0;
  if (known && !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    fail(file, S_ISDIR(status.st_mode) ? std::strerror(EISDIR) : "it is not a regular file");
  }
  gzFile stream = ::gzdopen(descriptor, "rb");  // passes plain files through
  if (stream == nullptr) {
    ::close(descriptor);
    fail(file, std::strerror(ENOMEM));
  }
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> closing(stream, ::gzclose);
  ::gzbuffer(stream, 1u << 18);

  constexpr std::size_t step = std::size_t{1} << 20;
  std::string content;
  if (known) content.reserve(static_cast<std::size_t>(status.st_size) + step);
  for (std::size_t size = 0;;) {
    if (content.capacity() < size + step) content.reserve(2 * content.capacity() + step);
    content.resize(size + step);
    const int n = ::gzread(stream, content.data() + size, static_cast<unsigned>(step));
    int code = Z_OK;
    const char* text = ::gzerror(stream, &code);
    if (n < 0 || (code != Z_OK && code != Z_STREAM_END))
      fail(file,
           code == Z_ERRNO ? std::strerror(errno) : std::string("damaged gzip data: ") + text);
    size += static_cast<std::size_t>(n);
    content.resize(size);
    if (n > 0) continue;
    return is_zip_archive(content) ? only_file_in_zip(file, content) : content;
  }
}

}  // namespace elbow
