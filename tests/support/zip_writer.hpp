#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace elbow::test {

/// A zip archive, written after the format's own description: for every file a local record with
/// its data, then the directory, then its end.
class ZipWriter {
 public:
  void add(const std::string& name, const std::string& content, bool deflated = true) {
    const std::string packed = deflated ? deflate_raw(content) : content;
    const auto checksum =
        std::uint32_t(crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()));
    const std::string facts = number(20, 2) + number(0, 2) + number(deflated ? 8 : 0, 2) +
                              number(0, 4) + number(checksum, 4) + number(packed.size(), 4) +
                              number(content.size(), 4) + number(name.size(), 2) + number(0, 2);
    directory_ += "PK\1\2" + number(20, 2) + facts + number(0, 2) + number(0, 2) + number(0, 2) +
                  number(0, 4) + number(files_.size(), 4) + name;
    files_ += "PK\3\4" + facts + name + packed;
    ++count_;
  }
  std::string archive() const {
    return files_ + directory_ + "PK\5\6" + number(0, 2) + number(0, 2) + number(count_, 2) +
           number(count_, 2) + number(directory_.size(), 4) + number(files_.size(), 4) +
           number(0, 2);
  }

 private:
  static std::string number(std::size_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += char(value >> (8 * i) & 0xFF);
    return text;
  }
  static std::string deflate_raw(const std::string& content) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string packed(content.size() + 100, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = uInt(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = uInt(packed.size());
    ::deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
  }

  std::string files_, directory_;
  std::size_t count_ = 0;
};

inline std::string zipped(const std::string& name, const std::string& content) {
  ZipWriter zip;
  zip.add(name, content);
  return zip.archive();
}

}  // namespace elbow::test
