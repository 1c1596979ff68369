#include "poison.hpp"

namespace {

constexpr elbow::Descriptor spoilt() {
  elbow::Descriptor d = poison::good("two_differences");
  d.tag.glibcxx_debug = 1;
  d.tag.eigen_version = 30399;
  return d;
}
constexpr elbow::Descriptor descriptor = spoilt();

}  // namespace

POISON_DESCRIPTOR(ELBOW_ABI, descriptor)
