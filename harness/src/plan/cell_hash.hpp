#pragma once

#include <cstdint>
#include <string>

#include "plan/plan.hpp"

namespace elbow {

/// A text that is the same for equal values, whatever the order of their keys; a file is known by
/// its digest and not by where it is.
std::string canonical_text(const Json& value);

/// What identifies a model or a method in the hashes of its cells: the name in the experiment, and
/// every plugin with its options as resolved. 64 hexadecimal digits.
std::string model_digest(const std::string& name, const ModelVariant& model);
std::string method_digest(const std::string& name, const MethodVariant& method);

/// The names of cells: 128 bits, 32 hexadecimal digits.
class CellHasher {
 public:
  CellHasher(std::uint64_t seed, const Json& evaluation);

  /// @param model, method  digests as above
  std::string operator()(const std::string& model, const std::string& method,
                         std::uint32_t replicate) const;

 private:
  std::string prefix_;
};

}  // namespace elbow
