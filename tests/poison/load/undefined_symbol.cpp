#include "poison.hpp"

namespace elsewhere {
double missing_function();
}

namespace {

struct Undefined : poison::StandardNormal {
  using StandardNormal::StandardNormal;
  elbow::Index dimension() const override { return elbow::Index(elsewhere::missing_function()); }
};

}  // namespace

POISON(Undefined, "undefined_symbol")
