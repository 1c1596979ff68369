#pragma once

#include <cstdint>
#include <elbow/plugin.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace elbow {

using Json = nlohmann::ordered_json;

/// A plugin with every option resolved: defaults filled in, bounds checked, paths made absolute.
/// Options that are optional and absent are not there. Matrices are arrays of rows. A path or table
/// is an object
/// {"path": ..., "sha256": ...}, the digest being that of the file's content; a Stan program has
/// its compiled "library" beside them, as such an object too.
struct PlannedPlugin {
  Kind kind;
  std::string name;
  Json options;
};

/// One point of a [[model]]'s grid.
struct ModelVariant {
  std::string name;  ///< of the [[model]], followed by its axes: "gaussian(dimension=2)"
  PlannedPlugin plugin;
  Json axes;  ///< the options that vary over the grid, name -> value; {} when none does
  /// The host's own options of a model, where the file gives them: posteriordb, reference
  /// ({"path", "sha256"}), reference_partial.
  Json settings = Json::object();
};

/// One point of a [[method]]'s grid.
struct MethodVariant {
  std::string name;  ///< of the [[method]], followed by its axes
  std::optional<PlannedPlugin> family, estimator, optimizer, sampler;
  Json settings;  ///< the host's own options of a method (stop, draws, chains, ...), resolved
  Json axes;      ///< dotted key -> value, e.g. {"optimizer.learning_rate": 0.1}
};

/// One model, one method, one replicate.
struct Cell {
  std::string hash;  ///< 32 hexadecimal digits: of seed, model, method and replicate as resolved
  std::uint32_t model = 0;   ///< into Plan::models
  std::uint32_t method = 0;  ///< into Plan::methods
  std::uint32_t replicate = 0;
};

/// A pair that cannot work, found without running anything.
struct Impossible {
  std::uint32_t model;
  std::uint32_t method;
  std::string reason;
};

struct Limits {
  double wall_seconds = 0;      ///< 0: none
  std::int64_t memory_mb = 0;   ///< 0: none
  double snapshot_seconds = 0;  ///< from one snapshot of a running fit to the next; 0: none
};

/// Whether an experiment's kind is calibration: then its [evaluation] has `calibration_draws`.
inline bool is_calibration(const Json& evaluation) {
  return evaluation.contains("calibration_draws");
}

/// All that a run does, resolved. Pure data: the same experiment and catalog give the same plan.
struct Plan {
  std::filesystem::path experiment_file;
  std::string experiment_text;  ///< as read, for provenance
  std::string title;
  std::uint64_t seed = 0;
  std::uint32_t repeats = 1;
  Limits limits;
  Json evaluation;  ///< resolved options of [evaluation]
  std::vector<ModelVariant> models;
  std::vector<MethodVariant> methods;
  std::vector<Cell> cells;  ///< possible pairs only, in the order of the file
  std::vector<Impossible> impossible;
  std::vector<std::string> notes;  ///< what a person may want to know, though nothing is wrong
};

}  // namespace elbow
