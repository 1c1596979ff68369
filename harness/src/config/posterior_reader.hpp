#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "config/node.hpp"
#include "config/option_value.hpp"
#include "plugins/plugin_info.hpp"

namespace elbow {

/// What `posteriordb = "NAME"` (or an axis of names) of a [[model]] stands for.
struct PosteriorChoice {
  /// Every value is {"posterior": name} with, where there are draws, {"reference": {"path",
  /// "sha256"}}.
  Setting setting;
  /// Keys that were added to the table: axes of these follow the names.
  std::vector<std::string> added;
};

/// Looks the names up in the checkout that $POSTERIORDB names, and gives the table what it leaves
/// open: the plugin `stan`, and the options `data`, `source` and `include` (transformed parameters)
/// where the plugin declares them and they are not given (no `source` beside a `library`). Nothing
/// after reporting a problem.
std::optional<PosteriorChoice> read_posteriors(Node& table, const Catalog& catalog,
                                               const ReadingContext& context);

/// The name in a value of `PosteriorChoice::setting`; empty for any other value.
std::string posterior_name(const nlohmann::ordered_json& value);

}  // namespace elbow
