#include "data/temporary_file.hpp"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>

namespace elbow {

namespace {

constexpr char mark[] = ".tmp-";

/// Also when nobody has asked for its exit status yet, as may be for long in a container.
bool is_gone(pid_t process) {
  if (kill(process, 0) != 0) return errno == ESRCH;
  std::ifstream status("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(status, text);
  const std::size_t name_end = text.rfind(") ");
  return name_end != std::string::npos && text.compare(name_end, 3, ") Z") == 0;
}

}  // namespace

std::string machine_name() {
  utsname machine;
  if (uname(&machine) != 0) return "unknown";
  std::string name = machine.nodename;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

std::filesystem::path temporary_beside(const std::filesystem::path& file) {
  std::string name(1, '.');
  name.append(file.filename()).append(mark).append(machine_name());
  return file.parent_path() / name.append("-").append(std::to_string(getpid()));
}

int sync_to_disk(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int error = descriptor < 0 || fsync(descriptor) != 0 ? errno : 0;
  if (descriptor >= 0) close(descriptor);
  return error;
}

bool is_leftover(const std::string& file_name) {
  const std::string machine = mark + machine_name() + "-";
  const std::size_t at = file_name.rfind(machine);
  if (file_name.empty() || file_name.front() != '.' || at == std::string::npos) return false;
  pid_t process = 0;
  const char* begin = file_name.data() + at + machine.size();
  const char* const end = file_name.data() + file_name.size();
  const auto [rest, error] = std::from_chars(begin, end, process);
  if (error != std::errc() || rest != end || process <= 0) return false;
  return is_gone(process);
}

}  // namespace elbow
