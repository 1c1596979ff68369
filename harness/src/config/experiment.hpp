#pragma once

#include <cstdint>
#include <elbow/plugin.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/place.hpp"

namespace elbow {

using Json = nlohmann::ordered_json;

/// How a value of the file takes part in the grid.
enum class AxisKind {
  fixed,   ///< one value
  each,    ///< every value, crossed with everything else
  ablate,  ///< the first value is the base; at most one ablated axis of a cell is off its base
};

struct Axis {
  AxisKind kind = AxisKind::fixed;
  std::string zip;  ///< axes of a block with the same name advance together; empty: on its own
  Place place;
  bool follows = false;  ///< made from another axis of the block, which stands for both
};

/// One option as the file gives it, every value checked against its declaration.
struct Setting {
  std::string name;           ///< as declared; of a method's stop: "stop.iterations", ...
  std::vector<Json> values;   ///< one when fixed
  std::vector<Place> places;  ///< of the values
  Axis axis;
};

/// One plugin with the options that the file gives it; the others have their defaults.
struct PluginChoice {
  std::string plugin;
  std::string label;  ///< its value when the slot is an axis: the name, with "#2" for a second one
  std::vector<Setting> settings;
};

/// A place for a plugin in a block: the model of a [[model]]; family, estimator, optimizer or
/// sampler of a [[method]].
struct Slot {
  Kind kind;
  std::vector<PluginChoice> choices;  ///< one when fixed
  Axis axis;
};

/// One [[model]] or [[method]] with its axes.
struct Block {
  std::string name;
  Place place;
  std::vector<Slot> slots;
  std::vector<Setting> settings;  ///< the host's options that the file gives
};

/// One product of models and methods; the cells of all grids add up.
struct Grid {
  Place place;
  std::vector<Block> models, methods;
  std::uint32_t repeats = 1;
};

/// One condition of an [[exclude]] on models or methods.
struct ExcludeCondition {
  /// The slot whose plugin or option is meant; none: the block's name or a host's option.
  std::optional<Kind> slot;
  std::string name;          ///< an option's name, or "name" or "plugin"
  std::vector<Json> any_of;  ///< it holds when the value is one of these
};

/// Cells for which all conditions hold are left out.
struct Exclude {
  Place place;
  std::vector<ExcludeCondition> model, method;
  std::vector<std::uint32_t> replicates;  ///< empty: all
};

/// An experiment file: complete and valid in itself, its grid not yet expanded.
struct Experiment {
  std::filesystem::path file;
  std::string text;                    ///< as read
  std::vector<std::string> overrides;  ///< arguments of --set
  std::string title;
  std::uint64_t seed = 0;
  std::uint32_t repeats = 1;
  Json limits, evaluation;  ///< resolved options of the host; `calibration_draws`
                            ///< is there where the kind is calibration
  std::vector<Grid> grids;  ///< at least one
  std::vector<Exclude> excludes;
};

}  // namespace elbow
