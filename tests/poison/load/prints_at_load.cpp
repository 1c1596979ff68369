#include <cstdio>

#include "poison.hpp"

namespace {

struct AtLoad {
  AtLoad() {
    std::puts("a plugin that prints");
    std::fflush(stdout);
  }
};
const AtLoad at_load;

}  // namespace

POISON(poison::StandardNormal, "prints_at_load")
