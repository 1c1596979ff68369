#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace elbow {

/// Reads a file from its beginning, decompressed where it is a gzip file, without holding it whole.
class ByteStream {
 public:
  /// @throws Error naming the file and the system's reason when it cannot be read.
  explicit ByteStream(const std::filesystem::path& file);
  /// Content that has been read already. @param file  for messages
  ByteStream(const std::filesystem::path& file, std::string content);
  ~ByteStream();

  /// The first bytes, at most 16. Reading begins with them.
  std::string_view start() const { return start_; }
  std::uint64_t position() const { return position_; }
  /// No less than the bytes that the content can have, as the file's size tells.
  std::uint64_t most_bytes() const;

  /// @return how many bytes there were; fewer than asked for at the end of the content only
  /// @throws Error when the file is damaged or cannot be read.
  std::size_t read(void* to, std::size_t size);
  /// @throws Error naming the place where the content ends. @param what  is read, for that text
  void read_all(void* to, std::size_t size, const std::string& what);
  /// Reads over the rest. @return its size
  std::uint64_t skip_rest();

  /// @throws Error "<file>: byte <at>[ of the decompressed content]: <text>"
  [[noreturn]] void fail(std::uint64_t at, const std::string& text) const;

 private:
  struct Source;
  std::unique_ptr<Source> source_;
  std::filesystem::path file_;
  std::string start_;
  std::uint64_t position_ = 0;
};

}  // namespace elbow
