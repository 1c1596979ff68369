#include <stdexcept>

#include "poison.hpp"

namespace {

struct AtLoad {
  AtLoad() { throw std::runtime_error("thrown by a static constructor"); }
};
const AtLoad at_load;

}  // namespace

POISON(poison::StandardNormal, "throws_at_load")
