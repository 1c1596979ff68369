#pragma once

#include <cstdint>
#include <elbow/state_archive.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace elbow {

/// What a snapshot says of itself.
struct SnapshotHeader {
  std::string hash;   ///< of its cell
  std::string build;  ///< of the program and the plugins that made it
  std::int64_t iteration = 0;
};

/// Where the snapshot of a cell is: its file's name with another ending.
std::filesystem::path snapshot_path(std::filesystem::path cell_file);

/// Writes a snapshot: what is put into the archive, under a temporary name beside the final one
/// until it is complete and on the disk. Without `publish` nothing is left.
/// Functions throw RecordError for what the system refuses.
class SnapshotWriter final : public StateArchive {
 public:
  SnapshotWriter(std::filesystem::path file, const SnapshotHeader& header);
  ~SnapshotWriter() override;
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  void bytes(void* data, std::size_t size) override;
  bool restoring() const override { return false; }
  /// Waits for the disk and gives the file its name, in place of an older snapshot.
  void publish();

 private:
  void flush();
  [[noreturn]] void fail(int error) const;

  std::filesystem::path file_, temporary_;
  int descriptor_ = -1;
  bool published_ = false;
  std::uint32_t checksum_ = 0;
  std::vector<char> buffer_;
};

/// Reads a snapshot back, in the order in which it was written.
class SnapshotReader final : public StateArchive {
 public:
  /// Reads the whole file once, so that a damaged one is never begun with.
  /// @throws Error naming the file when it cannot be read or is damaged
  explicit SnapshotReader(const std::filesystem::path& file);

  const SnapshotHeader& header() const { return header_; }

  /// @throws Error where more is asked for than there is
  void bytes(void* data, std::size_t size) override;
  bool restoring() const override { return true; }
  /// @throws Error where something is left
  void require_end() const;

 private:
  std::filesystem::path file_;
  std::ifstream in_;
  std::uint64_t left_ = 0;
  SnapshotHeader header_;
};

}  // namespace elbow
