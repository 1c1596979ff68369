#pragma once

#include "config/experiment.hpp"
#include "plan/plan.hpp"
#include "plan/variants.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// Fills in the defaults of one block once, and then makes its variants by setting the values of
/// their axes.
class BlockResolver {
 public:
  BlockResolver(const Block& block, const Catalog& catalog);

  /// The plugins that a point of the grid uses, one per slot of the block that is used, and the
  /// host's settings. Names and axes are left to the caller.
  MethodVariant method(const Selection& selection) const;
  ModelVariant model(const Selection& selection) const;

  /// The axes of a point: key -> value.
  Json axes(const Selection& selection) const;

 private:
  /// A set of options with all defaults; an axis has its first value, to be replaced.
  struct Resolved {
    std::string plugin;
    Json options;
  };

  PlannedPlugin plugin(const Selection& selection, std::size_t slot) const;

  const Block& block_;
  const Catalog& catalog_;
  std::vector<std::vector<Resolved>> choices_;  ///< by slot
  Json settings_;
};

/// The key of an option among the axes: "components" of a model, "optimizer.learning_rate",
/// "stop.iterations".
std::string axis_key(const Slot* slot, const std::string& option);

/// An option's value as an axis shows it: a file by its name.
Json axis_value(const Json& value);

}  // namespace elbow
