#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "config/node.hpp"
#include "config/problems.hpp"

namespace elbow {

/// The values of an axis, still unchecked; of an ablation the base comes first.
struct AxisNodes {
  Axis axis;
  std::vector<const Node*> values;
};

/// Whether a value is an axis: { each = [...] } or { ablate = [...], base = ... }. A list is not.
bool is_axis(const Node& node);

/// @param what  begins the texts of errors: `optimizer "adam": learning_rate`
std::optional<AxisNodes> read_axis(const Node& node, const std::string& what, Problems& problems);

}  // namespace elbow
