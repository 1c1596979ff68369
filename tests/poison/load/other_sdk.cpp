#include "poison.hpp"

namespace {

constexpr elbow::Descriptor spoilt() {
  elbow::Descriptor d = poison::good("other_sdk");
  d.tag.sdk_hash[0] = d.tag.sdk_hash[0] == '0' ? '1' : '0';
  return d;
}
constexpr elbow::Descriptor descriptor = spoilt();

}  // namespace

POISON_DESCRIPTOR(ELBOW_ABI, descriptor)
