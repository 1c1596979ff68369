#include "poison.hpp"

namespace {

constexpr elbow::Descriptor spoilt() {
  elbow::Descriptor d = poison::good("other_compiler");
  d.tag.gxx_abi_version = 1002;
  return d;
}
constexpr elbow::Descriptor descriptor = spoilt();

}  // namespace

POISON_DESCRIPTOR(ELBOW_ABI, descriptor)
