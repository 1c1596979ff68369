#include <csignal>

#include "poison.hpp"

namespace {

struct Poisoned : poison::StandardNormal {
  explicit Poisoned(const elbow::ModelSetup& setup) : StandardNormal(setup) { std::raise(SIGSEGV); }
};

}  // namespace

POISON(Poisoned, "segfaults_in_factory")
