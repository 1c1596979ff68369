#include <unistd.h>

#include "poison.hpp"

namespace {

struct AtLoad {
  AtLoad() { _exit(0); }
};
const AtLoad at_load;

}  // namespace

POISON(poison::StandardNormal, "exits_quietly_at_load")
