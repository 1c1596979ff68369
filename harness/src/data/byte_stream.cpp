#include "data/byte_stream.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elbow/error.hpp>
#include <vector>

namespace elbow {
namespace {

constexpr std::size_t start_size = 16;
/// Deflate makes at most 1032 bytes of one.
constexpr std::uint64_t deflate_ratio = 1032;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& reason) {
  throw Error(file.string() + ": cannot be read: " + reason);
}

}  // namespace

/// A gzip stream, which passes plain files through, or content in memory.
struct ByteStream::Source {
  gzFile stream = nullptr;
  std::uint64_t file_size = 0;
  std::string content;
  std::size_t at = 0;

  ~Source() {
    if (stream != nullptr) ::gzclose(stream);
  }
};

ByteStream::ByteStream(const std::filesystem::path& file)
    : source_(std::make_unique<Source>()), file_(file) {
  // Without waiting for somebody to write into a FIFO.
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) refuse(file, std::strerror(errno));
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0;
  if (known && !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    refuse(file, S_ISDIR(status.st_mode) ? std::strerror(EISDIR) : "it is not a regular file");
  }
  source_->file_size = known ? std::uint64_t(status.st_size) : 0;
  source_->stream = ::gzdopen(descriptor, "rb");
  if (source_->stream == nullptr) {
    ::close(descriptor);
    refuse(file, std::strerror(ENOMEM));
  }
  ::gzbuffer(source_->stream, 1u << 18);
  std::string start(start_size, '\0');
  start.resize(read(start.data(), start.size()));
  start_ = std::move(start);
  position_ = 0;
}

ByteStream::ByteStream(const std::filesystem::path& file, std::string content)
    : source_(std::make_unique<Source>()), file_(file), start_(content.substr(0, start_size)) {
  source_->at = start_.size();
  source_->content = std::move(content);
}

ByteStream::~ByteStream() = default;

std::uint64_t ByteStream::most_bytes() const {
  if (source_->stream == nullptr) return source_->content.size();
  return ::gzdirect(source_->stream) ? source_->file_size : deflate_ratio * source_->file_size;
}

std::size_t ByteStream::read(void* to, std::size_t size) {
  auto* const out = static_cast<char*>(to);
  std::size_t done = 0;
  if (position_ < start_.size()) {
    done = std::min<std::size_t>(size, start_.size() - position_);
    std::copy_n(start_.data() + position_, done, out);
    position_ += done;
  }
  Source& source = *source_;
  if (source.stream == nullptr) {
    const std::size_t n = std::min(size - done, source.content.size() - source.at);
    std::copy_n(source.content.data() + source.at, n, out + done);
    source.at += n;
    position_ += n;
    return done + n;
  }
  while (done < size) {
    const auto step = unsigned(std::min<std::size_t>(size - done, std::size_t{1} << 30));
    const int n = ::gzread(source.stream, out + done, step);
    int code = Z_OK;
    const char* text = ::gzerror(source.stream, &code);
    if (n < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      if (code == Z_ERRNO) refuse(file_, std::strerror(errno));
      // zlib begins with a name of its own for the file.
      const std::string reason = text;
      const std::size_t colon = reason.find(": ");
      throw Error(file_.string() + ": byte " + std::to_string(::gzoffset(source.stream)) +
                  " of the compressed file: damaged gzip data: " +
                  (colon == std::string::npos ? reason : reason.substr(colon + 2)));
    }
    if (n == 0) break;
    done += std::size_t(n);
    position_ += std::uint64_t(n);
  }
  return done;
}

void ByteStream::read_all(void* to, std::size_t size, const std::string& what) {
  const std::uint64_t begin = position_;
  const std::size_t n = read(to, size);
  if (n < size)
    fail(begin + n, "expected " + what + " in bytes " + std::to_string(begin) + " to " +
                        std::to_string(begin + size - 1) + ", got the end of the file");
}

std::uint64_t ByteStream::skip_rest() {
  std::vector<char> block(std::size_t{1} << 18);
  const std::uint64_t begin = position_;
  while (read(block.data(), block.size()) == block.size()) {
  }
  return position_ - begin;
}

void ByteStream::fail(std::uint64_t at, const std::string& text) const {
  const bool packed = source_->stream == nullptr || !::gzdirect(source_->stream);
  throw Error(file_.string() + ": byte " + std::to_string(at) +
              (packed ? " of the decompressed content: " : ": ") + text);
}

}  // namespace elbow
