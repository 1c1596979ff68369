#include "poison.hpp"

namespace {

struct AtLoad {
  AtLoad() {
    volatile int* volatile nowhere = nullptr;
    *nowhere = 1;
  }
};
const AtLoad at_load;

}  // namespace

POISON(poison::StandardNormal, "segfaults_at_load")
