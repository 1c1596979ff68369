#include <cstdlib>

#include "poison.hpp"

namespace {

struct AtLoad {
  AtLoad() { std::exit(7); }
};
const AtLoad at_load;

}  // namespace

POISON(poison::StandardNormal, "exits_at_load")
