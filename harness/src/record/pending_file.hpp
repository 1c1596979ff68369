#pragma once

#include <H5Cpp.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace elbow {

/// A file that does not exist under its name until it is complete. HDF5 writes into it through
/// `access()`; the bytes stay in memory while they are few and go to a
/// temporary file in the same folder when they are many.
///
/// HDF5 is never told of a write that the system refuses: when its closing of a file fails, it
/// leaks handles or crashes. From the refusal on its metadata are kept in memory, all else is
/// thrown away, and `check` reports what happened.
class PendingFile {
 public:
  /// Makes the folder where it is missing, and the temporary file.
  /// @throws RecordError naming the file and the system's reason.
  explicit PendingFile(std::filesystem::path final_path);
  /// Removes the temporary file unless it was published.
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  const std::filesystem::path& final_path() const { return final_path_; }

  /// With which HDF5 creates its file in here; the file name it is given does not matter.
  H5::FileAccPropList access();

  /// @throws RecordError when a write was refused; std::bad_alloc when it was for want of memory.
  void check() const;
  /// Runs `work`; refused writes and HDF5's exceptions become a RecordError that names the file.
  template <class Work>
  void guarded(Work&& work) {
    check();
    try {
      work();
    } catch (const H5::Exception& exception) {
      fail(exception);
    }
    check();
  }

  /// What is written from now on is thrown away.
  void abandon() { abandoned_ = true; }
  /// Writes what is still in memory, waits until all of it is on the disk, and gives the file its
  /// final name. After a power failure the file is complete or not there; that its name is on the
  /// disk takes an fsync of the folder. @pre HDF5 has closed its file.
  void publish();

  // What HDF5's driver calls. Failures are kept, see `check`.
  void restart();
  void read(std::size_t offset, std::size_t size, char* bytes);
  void write(std::size_t offset, std::string_view bytes, bool metadata);
  void truncate(std::size_t size);
  std::size_t size() const { return size_; }

  std::size_t allocated = 0;  ///< HDF5's end of allocated addresses

 private:
  [[noreturn]] void fail(const H5::Exception& exception) const;
  [[noreturn]] void fail(int error) const;
  bool write_out(std::size_t offset, std::string_view bytes);
  void spill();

  struct Kept {
    std::size_t offset;
    std::string bytes;
  };

  std::filesystem::path final_path_, temporary_;
  int descriptor_ = -1;
  std::vector<char> image_;  ///< the whole file while it is small
  bool in_memory_ = true;
  std::size_t size_ = 0;
  std::size_t unsent_ = 0;  ///< bytes written since the system was asked to store them
  std::vector<Kept> kept_;  ///< metadata written after a refusal, in order
  int error_ = 0;           ///< the system's number for the first refusal
  bool abandoned_ = false;
  bool published_ = false;
};

}  // namespace elbow
