#include "data/zip_archive.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <elbow/error.hpp>
#include <vector>

#include "data/printable.hpp"

namespace elbow {
namespace {

// Records of the format (PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16).
constexpr std::string_view local_mark("PK\3\4", 4), entry_mark("PK\1\2", 4), end_mark("PK\5\6", 4);
constexpr std::size_t local_size = 30, entry_size = 46, end_size = 22, longest_comment = 65535;

struct ZipEntry {
  std::string name;
  std::uint32_t flags, method, checksum, packed, unpacked, start;
};

/// Reads numbers of little-endian records, never beyond the end.
class ZipReader {
 public:
  ZipReader(const std::filesystem::path& archive, std::string_view content)
      : archive_(archive), content_(content) {}

  [[noreturn]] void fail(const std::string& reason) const {
    throw Error(archive_.string() + ": cannot be read: " + reason);
  }

  std::vector<ZipEntry> entries() const {
    std::size_t end = content_.rfind(end_mark);
    if (end == std::string_view::npos || end + end_size > content_.size() ||
        content_.size() - end > end_size + longest_comment)
      fail("the zip archive is cut off: its directory at the end is missing");
    const std::uint32_t count = number(end + 10, 2);
    std::size_t at = number(end + 16, 4);
    if (at == 0xFFFFFFFF || count == 0xFFFF) fail("zip archives above 4 GB are not supported");
    std::vector<ZipEntry> list;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (part(at, 4) != entry_mark) fail("damaged zip archive: its directory is not one");
      const std::uint32_t name = number(at + 28, 2);
      list.push_back({std::string(part(at + entry_size, name)), number(at + 8, 2),
                      number(at + 10, 2), number(at + 16, 4), number(at + 20, 4),
                      number(at + 24, 4), number(at + 42, 4)});
      at += entry_size + name + number(at + 30, 2) + number(at + 32, 2);
    }
    return list;
  }

  std::string unpack(const ZipEntry& entry) const {
    if (entry.flags & 1) fail("the zip archive is encrypted");
    if (part(entry.start, 4) != local_mark)
      fail("damaged zip archive: there is no file where its directory says");
    const std::size_t data =
        entry.start + local_size + number(entry.start + 26, 2) + number(entry.start + 28, 2);
    const std::string_view packed = part(data, entry.packed);
    std::string content;
    if (entry.method == 0)
      content = packed;
    else if (entry.method == 8)
      content = inflate_raw(packed, entry.unpacked);
    else
      fail("the zip archive is compressed by method " + std::to_string(entry.method) +
           ", expected deflate");
    const auto checksum =
        crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
    if (content.size() != entry.unpacked || checksum != entry.checksum)
      fail("damaged zip archive: the checksum of " + printable(entry.name) + " does not fit");
    return content;
  }

 private:
  std::string_view part(std::size_t at, std::size_t size) const {
    if (at > content_.size() || size > content_.size() - at)
      fail("the zip archive is cut off at byte " + std::to_string(content_.size()));
    return content_.substr(at, size);
  }
  std::uint32_t number(std::size_t at, std::size_t bytes) const {
    std::uint32_t value = 0;
    const std::string_view digits = part(at, bytes);
    for (std::size_t i = bytes; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(digits[i]);
    return value;
  }

  /// The directory's size is believed only as far as the data really go.
  std::string inflate_raw(std::string_view packed, std::uint32_t unpacked) const {
    std::string content(std::min<std::size_t>(unpacked, 1032 * packed.size() + 64), '\0');
    z_stream stream{};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(content.data());
    stream.avail_out = static_cast<uInt>(content.size());
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    const int code = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    if (code != Z_STREAM_END) fail("damaged zip archive: its data do not inflate");
    content.resize(stream.total_out);
    return content;
  }

  const std::filesystem::path& archive_;
  std::string_view content_;
};

}  // namespace

bool is_zip_archive(std::string_view content) {
  return content.starts_with(local_mark) || content.starts_with(end_mark);
}

std::string only_file_in_zip(const std::filesystem::path& archive, std::string_view content) {
  const ZipReader reader(archive, content);
  std::vector<ZipEntry> entries = reader.entries();
  std::erase_if(entries, [](const ZipEntry& entry) {
    return entry.name.ends_with('/') || entry.name.starts_with("__MACOSX/");
  });
  if (entries.size() != 1)
    reader.fail("expected one file in the zip archive, got " + std::to_string(entries.size()));
  return reader.unpack(entries.front());
}

}  // namespace elbow
