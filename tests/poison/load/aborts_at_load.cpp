#include <cstdio>
#include <cstdlib>

#include "poison.hpp"

namespace {

struct AtLoad {
  AtLoad() {
    std::fputs("first line\nsecond line: the licence has expired\n", stderr);
    std::abort();
  }
};
const AtLoad at_load;

}  // namespace

POISON(poison::StandardNormal, "aborts_at_load")
