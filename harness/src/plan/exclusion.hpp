#pragma once

#include <cstdint>
#include <vector>

#include "config/experiment.hpp"
#include "plan/plan.hpp"

namespace elbow {

/// One [[exclude]] over the variants of a plan.
class Exclusion {
 public:
  /// The variants' names are still those of their blocks.
  Exclusion(const Exclude& exclude, const std::vector<ModelVariant>& models,
            const std::vector<MethodVariant>& methods);

  bool matches_pair(std::uint32_t model, std::uint32_t method) const {
    return models_[model] && methods_[method];
  }
  /// Whether a replicate of a matching pair is excluded; remembers that there was one.
  bool matches(std::uint32_t replicate);
  bool has_matched() const { return has_matched_; }

 private:
  std::vector<bool> models_, methods_;     ///< those for which all conditions hold
  std::vector<std::uint32_t> replicates_;  ///< sorted; empty: all
  bool has_matched_ = false;
};

}  // namespace elbow
