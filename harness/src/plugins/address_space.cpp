#include "plugins/address_space.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace elbow {
namespace {

rlim_t mapped_bytes() {
  std::ifstream pages("/proc/self/statm");
  rlim_t count = 0;
  pages >> count;
  return count * rlim_t(sysconf(_SC_PAGESIZE));
}

}  // namespace

void limit_address_space(std::uint64_t bytes) {
  if (bytes == 0) return;
  rlimit limit;
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = std::min(limit.rlim_max, mapped_bytes() + rlim_t(bytes));
  setrlimit(RLIMIT_AS, &limit);
}

void lift_address_space_limit() {
  rlimit limit;
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_AS, &limit);
}

}  // namespace elbow
