#include "run/result_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <elbow/error.hpp>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

#include "data/temporary_file.hpp"

namespace elbow {

namespace fs = std::filesystem;

fs::path cell_path(const std::string& hash) {
  return fs::path("cells") / hash.substr(0, 2) / (hash + ".h5");
}

fs::path failure_log_path(const std::string& hash) {
  return fs::path("failures") / (hash + ".log");
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(folder.string() + ": cannot make this folder: " + error.message());
}

void sync_folder(const fs::path& folder) {
  int error = sync_to_disk(folder);
  // Some network file systems do not know how to, and need not.
  if (error == EINVAL || error == ENOTSUP) error = 0;
  if (error != 0) throw Error(folder.string() + ": cannot be stored: " + std::strerror(error));
}

FolderLock::FolderLock(const fs::path& folder) {
  make_folder(folder);
  const fs::path file = folder / (".lock-" + machine_name());
  descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0)
    throw Error(file.string() + ": cannot write into the result folder: " + std::strerror(errno));
  // The workers of a host that was killed hold the lock for the moment until they are gone too.
  for (int attempt = 0; flock(descriptor_, LOCK_EX | LOCK_NB) != 0; ++attempt) {
    if (errno != EWOULDBLOCK && errno != EINTR) return;  // a file system without locks
    if (attempt == 20) {
      char holder[32] = "";
      const ssize_t length = pread(descriptor_, holder, sizeof holder - 1, 0);
      close(descriptor_);
      throw Error(folder.string() + ": another run is writing into this folder (process " +
                  (length > 0 ? std::string(holder, std::size_t(length)) : "unknown") +
                  "); wait for its end, or choose another folder with --results");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  const std::string process = std::to_string(getpid());
  if (ftruncate(descriptor_, 0) != 0 ||
      pwrite(descriptor_, process.data(), process.size(), 0) != ssize_t(process.size())) {
    // The number is only for the message above; a full disk is met again where it matters.
  }
}

FolderLock::~FolderLock() { close(descriptor_); }

void remove_temporary_files(const fs::path& cell_file) {
  std::error_code error;
  const std::string start = std::string(".").append(cell_file.filename()).append(".tmp-");
  for (fs::directory_iterator file(cell_file.parent_path(), error), end; !error && file != end;
       file.increment(error))
    if (file->path().filename().string().compare(0, start.size(), start) == 0)
      fs::remove(file->path(), error);
}

std::size_t remove_leftovers(const fs::path& folder) {
  std::size_t count = 0;
  std::error_code error;
  const auto remove = [&](const fs::directory_entry& entry) {
    if (is_leftover(entry.path().filename().string()))
      count += std::size_t(fs::remove(entry.path(), error));
  };
  for (fs::directory_iterator file(folder, error), end; !error && file != end;
       file.increment(error))
    remove(*file);
  for (fs::recursive_directory_iterator file(folder / "cells", error), end; !error && file != end;
       file.increment(error))
    remove(*file);
  return count;
}

}  // namespace elbow
