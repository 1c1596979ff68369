#include "record/snapshot.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <elbow/error.hpp>
#include <nlohmann/json.hpp>

#include "data/temporary_file.hpp"
#include "record/cell_writer.hpp"

namespace elbow {
namespace {

/// Eight bytes that change with the layout. They are followed by the length of the header (8
/// bytes), the header as JSON, the state, and the CRC-32 of all that (4 bytes).
constexpr char magic[] = "elbsnap1";
constexpr std::size_t magic_size = 8, block = std::size_t{1} << 20;

std::uint32_t checksum_of(std::uint32_t before, const char* data, std::size_t size) {
  return std::uint32_t(crc32_z(before, reinterpret_cast<const Bytef*>(data), size));
}

}  // namespace

std::filesystem::path snapshot_path(std::filesystem::path cell_file) {
  return cell_file.replace_extension(".snapshot");
}

SnapshotWriter::SnapshotWriter(std::filesystem::path file, const SnapshotHeader& header)
    : file_(std::move(file)), temporary_(temporary_beside(file_)) {
  buffer_.reserve(block);
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(errno);
  std::string text = nlohmann::json{
      {"hash", header.hash},
      {"build", header.build},
      {"iteration",
       header.iteration}}.dump();
  std::uint64_t length = text.size();
  std::string start(magic, magic_size);
  bytes(start.data(), start.size());
  bytes(&length, sizeof length);
  bytes(text.data(), text.size());
}

SnapshotWriter::~SnapshotWriter() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!published_) ::unlink(temporary_.c_str());
}

void SnapshotWriter::fail(int error) const {
  throw RecordError(file_.string() + ": cannot be written: " + std::strerror(error));
}

void SnapshotWriter::bytes(void* data, std::size_t size) {
  const char* from = static_cast<const char*>(data);
  while (size > 0) {
    const std::size_t n = std::min(size, block - buffer_.size());
    buffer_.insert(buffer_.end(), from, from + n);
    from += n;
    size -= n;
    if (buffer_.size() == block) flush();
  }
}

void SnapshotWriter::flush() {
  checksum_ = checksum_of(checksum_, buffer_.data(), buffer_.size());
  for (std::size_t done = 0; done < buffer_.size();) {
    const ssize_t n = ::write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(n < 0 ? errno : ENOSPC);
    done += std::size_t(n);
  }
  buffer_.clear();
}

void SnapshotWriter::publish() {
  flush();
  std::uint32_t checksum = checksum_;
  bytes(&checksum, sizeof checksum);
  flush();
  if (::fsync(descriptor_) != 0) fail(errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) fail(errno);
  if (::rename(temporary_.c_str(), file_.c_str()) != 0) fail(errno);
  published_ = true;
}

SnapshotReader::SnapshotReader(const std::filesystem::path& file)
    : file_(file), in_(file, std::ios::binary) {
  if (!in_) throw Error(file_.string() + ": cannot be read: " + std::strerror(errno));
  const auto damaged = [&] { return Error(file_.string() + ": is no whole snapshot"); };
  in_.seekg(0, std::ios::end);
  const auto end = std::uint64_t(in_.tellg());
  in_.seekg(0);
  std::uint64_t length = 0;
  std::uint32_t checksum = 0, stored = 0;
  if (end < magic_size + sizeof length + sizeof stored) throw damaged();
  std::vector<char> buffer(block);
  for (left_ = end - sizeof stored; left_ > 0;) {
    const std::size_t n = std::min<std::uint64_t>(left_, block);
    bytes(buffer.data(), n);
    checksum = checksum_of(checksum, buffer.data(), n);
  }
  left_ = sizeof stored;
  bytes(&stored, sizeof stored);
  in_.seekg(0);
  left_ = end - sizeof stored;
  bytes(buffer.data(), magic_size);
  if (stored != checksum || std::memcmp(buffer.data(), magic, magic_size) != 0) throw damaged();
  bytes(&length, sizeof length);
  if (length > left_) throw damaged();
  std::string text(length, '\0');
  bytes(text.data(), text.size());
  try {
    const auto json = nlohmann::json::parse(text);
    header_ = {json.at("hash"), json.at("build"), json.at("iteration")};
  } catch (const nlohmann::json::exception&) {
    throw damaged();
  }
}

void SnapshotReader::bytes(void* data, std::size_t size) {
  if (size > left_) throw Error(file_.string() + ": holds less than the fit's state");
  if (!in_.read(static_cast<char*>(data), std::streamsize(size)))
    throw Error(file_.string() + ": cannot be read: " + std::strerror(errno));
  left_ -= size;
}

void SnapshotReader::require_end() const {
  if (left_ > 0) throw Error(file_.string() + ": holds more than the fit's state");
}

}  // namespace elbow
