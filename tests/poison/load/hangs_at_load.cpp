#include <unistd.h>

#include "poison.hpp"

namespace {

struct AtLoad {
  AtLoad() {
    while (true) pause();
  }
};
const AtLoad at_load;

}  // namespace

POISON(poison::StandardNormal, "hangs_at_load")
