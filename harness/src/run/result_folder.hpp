#pragma once

#include <filesystem>
#include <string>

namespace elbow {

/// Where the results of a cell are, relative to the experiment's result folder:
/// cells/ab/<hash>.h5.
std::filesystem::path cell_path(const std::string& hash);
/// failures/<hash>.log: what a failed cell printed.
std::filesystem::path failure_log_path(const std::string& hash);

/// Makes a folder and those above it. @throws Error with the system's reason
void make_folder(const std::filesystem::path& folder);

/// Waits until the names in a folder are on the disk. @throws Error with the system's reason
void sync_folder(const std::filesystem::path& folder);

/// Only one run of a machine at a time may write into a result folder. The lock is the system's
/// (flock on <folder>/.lock-<machine>) and goes with the process, however that ends. Runs of
/// several machines may share a folder and divide its cells among themselves (--only): each cell's
/// process writes its own file only.
class FolderLock {
 public:
  /// Makes the folder where it is missing.
  /// @throws Error when another process holds the lock, or the folder cannot be written
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

/// Removes what a worker that was killed has left of the file of its cell.
void remove_temporary_files(const std::filesystem::path& cell_file);

/// Removes the temporary files that killed processes of this machine have left.
/// @return how many
std::size_t remove_leftovers(const std::filesystem::path& folder);

}  // namespace elbow
