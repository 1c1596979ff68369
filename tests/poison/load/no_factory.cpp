#include "poison.hpp"

namespace {

constexpr elbow::Descriptor spoilt() {
  elbow::Descriptor d = poison::good("no_factory");
  d.make_model = nullptr;
  return d;
}
constexpr elbow::Descriptor descriptor = spoilt();

}  // namespace

POISON_DESCRIPTOR(ELBOW_ABI, descriptor)
