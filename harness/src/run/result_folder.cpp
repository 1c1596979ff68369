#include "run/result_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <elbow/error.hpp>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

namespace elbow {

namespace fs = std::filesystem;

namespace {

/// A process that was killed but that nobody has waited for yet writes no more either.
bool is_gone(pid_t process) {
  if (kill(process, 0) != 0) return errno == ESRCH;
  std::ifstream status("/proc/" + std::to_string(process) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(status), {}};
  const std::size_t name_end = text.rfind(") ");  // "<pid> (<name>) <state> ..."
  return name_end != std::string::npos && text.compare(name_end + 2, 1, "Z") == 0;
}

/// Of a temporary file `.<name>.tmp-<process>`: whether its process is gone.
bool is_leftover(const std::string& name) {
  const std::size_t mark = name.rfind(".tmp-");
  if (name.empty() || name.front() != '.' || mark == std::string::npos) return false;
  pid_t process = 0;
  const char* begin = name.data() + mark + 5;
  const auto [end, error] = std::from_chars(begin, name.data() + name.size(), process);
  if (error != std::errc() || end == begin || process <= 0) return false;
  return is_gone(process);
}

}  // namespace

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

FolderLock::FolderLock(const fs::path& folder) {
  make_folder(folder);
  const fs::path file = folder / ".lock";
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
  for (fs::recursive_directory_iterator file(folder / "cells", error), end; !error && file != end;
       file.increment(error))
    if (is_leftover(file->path().filename().string()))
      count += std::size_t(fs::remove(file->path(), error));
  return count;
}

}  // namespace elbow
