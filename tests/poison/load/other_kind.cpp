#include "poison.hpp"

namespace {

constexpr elbow::Descriptor spoilt() {
  elbow::Descriptor d = poison::good("other_kind");
  d.kind = elbow::Kind::sampler;
  return d;
}
constexpr elbow::Descriptor descriptor = spoilt();

}  // namespace

POISON_DESCRIPTOR(ELBOW_ABI, descriptor)
